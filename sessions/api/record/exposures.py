"""Blood exposures, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.models import Clinic, User
from clinic.permissions import actor
from patients.models import Patient
from sessions import services
from sessions.models import BloodExposure, ExposureKind, ExposureStepKind, TreatmentSession
from sessions.services.record.exposure import Rules, due_steps, read_rules


class ExposureIn(Form):
    clinic = VisibleField(queryset=Clinic.objects.all())
    kind = serializers.ChoiceField(choices=ExposureKind.choices)
    staff = VisibleField(queryset=User.objects.people(), required=False, allow_null=True)
    patient = VisibleField(queryset=Patient.objects.all(), required=False, allow_null=True)
    source_patient = VisibleField(queryset=Patient.objects.all(), required=False, allow_null=True)
    session = VisibleField(queryset=TreatmentSession.objects.all(), required=False, allow_null=True)
    what = TextField(max_length=2_000)
    happened_at = InstantField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("staff")) == bool(attrs.get("patient")):
            told = ["Name who was exposed: staff or patient, one of them."]
            raise serializers.ValidationError(
                {"staff": told, "patient": told}, code="nobody_exposed"
            )
        return attrs


class StepIn(Form):
    step = serializers.ChoiceField(choices=ExposureStepKind.choices)
    done_at = InstantField()
    note = TextField(required=False, allow_blank=True, max_length=500, default="")


class DueStepOut(serializers.Serializer[Any]):
    step = serializers.ChoiceField(choices=ExposureStepKind.choices)
    says = serializers.CharField(help_text="What to do.")
    due_at = serializers.DateTimeField(
        allow_null=True,
        help_text="By when it is best done (UTC); null: the clinic has no number for it.",
    )
    latest_at = serializers.DateTimeField(
        allow_null=True, help_text="After which it is of no use (UTC); null: it always is."
    )
    done_at = serializers.DateTimeField(
        source="taken.done_at",
        allow_null=True,
        default=None,
        help_text="When it was done (UTC); null: not yet.",
    )
    by = serializers.UUIDField(source="taken.by_id", allow_null=True, default=None)
    note = serializers.CharField(source="taken.note", default="")


class ExposureOut(serializers.ModelSerializer[BloodExposure]):
    steps = serializers.SerializerMethodField(help_text="In the order of the clock.")

    class Meta:
        model = BloodExposure
        fields = [
            *("id", "clinic", "kind", "staff", "patient", "source_patient", "session", "what"),
            *("happened_at", "at", "by", "steps"),
        ]
        read_only_fields = fields

    @extend_schema_field(DueStepOut(many=True))
    def get_steps(self, exposure: BloodExposure) -> Any:
        return DueStepOut(due_steps(exposure, self._rules), many=True).data

    @cached_property
    def _rules(self) -> Rules:
        """Once for all rows of a page."""
        return read_rules()


class ExposureFilter(filters.FilterSet):
    patient = IdFilter()
    session = IdFilter()

    class Meta:
        model = BloodExposure
        fields: list[str] = []


class ExposureViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = BloodExposure
    resource = "treatment_sessions.bloodexposure"
    permissions = {"take_step": "treatment_sessions.add_exposurestep"}
    serializer_class = ExposureOut
    filterset_class = ExposureFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("steps")

    @extend_schema(request=ExposureIn, responses={201: ExposureOut})
    def create(self, request: Request) -> Response:
        data = parse_body(ExposureIn, request)
        exposure = services.report_exposure(**data, at=timezone.now(), by=actor(request))
        return Response(ExposureOut(exposure).data, status=201)

    @extend_schema(request=StepIn, responses={201: ExposureOut})
    @action(detail=True, methods=["post"], url_path="steps")
    def take_step(self, request: Request, pk: Any) -> Response:
        """Tick a step, with its time. Answers the exposure."""
        exposure = self.get_object()
        services.take_exposure_step(
            exposure_id=exposure.pk,
            **parse_body(StepIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(ExposureOut(self.get_object()).data, status=201)
