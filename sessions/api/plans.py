"""Treatment plans over HTTP."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import Form, RowField, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.models import User
from clinic.permissions import actor
from patients.models import Area, Concern, Patient, PatientConcern
from sessions import services
from sessions.api.booking.series import ProposalQuery, SeriesActions
from sessions.api.retire import RetireIn, decider_of
from sessions.lifecycle import PlanKind, PlanStatus
from sessions.models import HomeCare, OutcomeMeasure, Protocol, TreatmentPlan


class PlanIn(Form):
    patient = VisibleField(queryset=Patient.objects.all())
    concern = RowField(queryset=Concern.objects.all())
    area = RowField(queryset=Area.objects.all())
    protocol = RowField(
        queryset=Protocol.objects.select_related("concern", "area").filter(is_active=True)
    )
    practitioner = VisibleField(
        queryset=User.objects.practitioners(), required=False, allow_null=True, default=None
    )
    patient_concerns = VisibleField(
        queryset=PatientConcern.objects.all(), many=True, required=False, default=list
    )
    planned_zones = serializers.IntegerField(required=False, min_value=1, max_value=12, default=1)
    goals = TextField(required=False, allow_blank=True, max_length=2_000, default="")
    kind = serializers.ChoiceField(choices=PlanKind.choices, default=PlanKind.COURSE)
    interval_months = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=24,
        default=None,
        help_text="Of maintenance, which asks for it: months between its sessions.",
    )
    reason = TextField(
        required=False,
        allow_blank=True,
        max_length=2_000,
        default="",
        help_text="Of maintenance, which asks for it: what it keeps up.",
    )
    after_outcome = VisibleField(
        queryset=OutcomeMeasure.objects.select_related("plan"),
        required=False,
        allow_null=True,
        default=None,
        help_text="Of maintenance: the measured outcome that it follows from.",
    )
    home_care = serializers.ListField(
        child=serializers.ChoiceField(choices=HomeCare.choices),
        required=False,
        max_length=len(HomeCare),
        default=list,
    )
    as_draft = serializers.BooleanField(default=False)


class PlanChangeIn(Form):
    practitioner = VisibleField(
        queryset=User.objects.practitioners(), required=False, allow_null=True
    )
    planned_sessions = serializers.IntegerField(required=False, min_value=1, max_value=52)
    planned_zones = serializers.IntegerField(required=False, min_value=1, max_value=12)
    goals = TextField(required=False, allow_blank=True, max_length=2_000)
    interval_months = serializers.IntegerField(
        required=False, min_value=1, max_value=24, help_text="Of maintenance."
    )
    reason = TextField(required=False, max_length=2_000, help_text="Of maintenance.")
    home_care = serializers.ListField(
        child=serializers.ChoiceField(choices=HomeCare.choices),
        required=False,
        max_length=len(HomeCare),
    )

    def _strangers(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a plan was made for stays: it says so, rather than that it is not known."""
        fixed = ValidationError("Stays as planned: stop this plan and open another.", code="fixed")
        made_for = (PlanIn().fields.keys() - self.fields.keys()) & data.keys()
        return super()._strangers(data) | dict.fromkeys(made_for, fixed.detail)


class PlanOut(serializers.ModelSerializer[TreatmentPlan]):
    class Meta:
        model = TreatmentPlan
        fields = [
            "id",
            "clinic",
            "patient",
            "concern",
            "area",
            "protocol",
            "practitioner",
            "protocol_version",
            "patient_concerns",
            "planned_sessions",
            "planned_zones",
            "goals",
            *("kind", "interval_months", "reason", "after_outcome", "home_care"),
            "status",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields


class PlanFilter(filters.FilterSet):
    patient = IdFilter()
    kind = filters.ChoiceFilter(choices=PlanKind.choices)
    status = filters.MultipleChoiceFilter(choices=PlanStatus.choices, distinct=False)

    class Meta:
        model = TreatmentPlan
        fields: list[str] = []


class PlanViewSet(SeriesActions, ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = TreatmentPlan
    resource = "treatment_sessions.treatmentplan"
    permissions = {
        **dict.fromkeys(
            ("activate", "hold", "complete", "stop"), "treatment_sessions.change_treatmentplan"
        ),
        "proposal": "treatment_sessions.view_treatmentsession",
        "book_series": "treatment_sessions.add_treatmentsession",
    }
    serializer_class = PlanOut
    filterset_class = PlanFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("patient_concerns")

    def known_query_params(self) -> set[str]:
        if self.action == "proposal":
            return set(ProposalQuery().get_fields())
        return super().known_query_params()

    def repeatable_query_params(self) -> set[str]:
        return super().repeatable_query_params() | {"further_plans"}

    @extend_schema(request=PlanIn, responses={201: PlanOut})
    def create(self, request: Request) -> Response:
        data = parse_body(PlanIn, request)
        plan = services.create_plan(**data, at=timezone.now(), by=actor(request))
        return Response(PlanOut(plan).data, status=201)

    @extend_schema(request=PlanChangeIn(partial=True), responses=PlanOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        plan_id = self.get_object().pk
        changes = parse_body(PlanChangeIn, request, partial=True)
        plan = services.change_plan(
            plan_id=plan_id, changes=changes, at=timezone.now(), by=actor(request)
        )
        return Response(PlanOut(plan).data)

    def _move(self, request: Request, to: PlanStatus) -> Response:
        plan_id = self.get_object().pk
        plan = services.move_plan(plan_id=plan_id, to=to, decider=decider_of(request))
        return Response(PlanOut(plan).data)

    @extend_schema(request=RetireIn)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: Any) -> Response:
        return self._move(request, PlanStatus.ACTIVE)

    @extend_schema(request=RetireIn)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: Any) -> Response:
        """409 `still_ahead` lists what is booked of it: send it again with `decisions` or `rest`,
        to CANCEL or to KEEP it."""
        return self._move(request, PlanStatus.ON_HOLD)

    @extend_schema(request=RetireIn)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: Any) -> Response:
        """409 `still_ahead` as for `hold`."""
        return self._move(request, PlanStatus.COMPLETED)

    @extend_schema(request=RetireIn)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: Any) -> Response:
        """409 `still_ahead` as for `hold`."""
        return self._move(request, PlanStatus.STOPPED)
