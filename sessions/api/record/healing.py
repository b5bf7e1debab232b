"""Side effects and outcomes, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField
from clinic.api.forms import CodeField, Form, RowField, TextField, parse_body
from clinic.api.paging import page_of, pages_by
from clinic.api.queries import IdFilter, YesNoFilter
from clinic.models import User
from clinic.permissions import actor
from patients.models import Zone
from sessions import services
from sessions.models import (
    CheckIn,
    Milestone,
    OutcomeMeasure,
    OutcomeScale,
    Photo,
    RaterRole,
    SideEffect,
    SideEffectKind,
    SideEffectNote,
    TreatmentPlan,
    TreatmentSession,
)


class SideEffectIn(Form):
    session = VisibleField(queryset=TreatmentSession.objects.select_related("area"))
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=SideEffectKind.choices)
    grade = serializers.IntegerField(min_value=1, max_value=5, help_text="CTCAE v5.")
    is_expected = serializers.BooleanField()
    onset_at = InstantField()
    check_in = VisibleField(
        queryset=CheckIn.objects.all(),
        required=False,
        allow_null=True,
        help_text="The report that told of it.",
    )
    note = TextField(required=False, allow_blank=True, max_length=5_000)


class CourseIn(Form):
    grade = serializers.IntegerField(min_value=1, max_value=5, help_text="CTCAE v5.")
    is_expected = serializers.BooleanField()
    note = TextField(allow_blank=True, max_length=5_000)
    treatment = TextField(
        required=False, allow_blank=True, max_length=500, help_text="What was done for it."
    )
    care_elsewhere = TextField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Who treated it, if it was not this clinic.",
    )
    photo = VisibleField(queryset=Photo.objects.all(), required=False, allow_null=True)


class LookOut(serializers.ModelSerializer[SideEffectNote]):
    class Meta:
        model = SideEffectNote
        fields = [
            *("id", "at", "by", "grade", "is_expected", "note"),
            *("treatment", "care_elsewhere", "photo"),
        ]
        read_only_fields = fields


class ResolutionIn(Form):
    resolution = TextField(max_length=500)


class SideEffectOut(serializers.ModelSerializer[SideEffect]):
    patient = serializers.UUIDField(source="session.patient_id")
    zone = serializers.CharField(source="zone.code", allow_null=True)
    device = serializers.UUIDField(
        source="session.device_id", allow_null=True, help_text="What the session was done with."
    )
    protocol_version = serializers.UUIDField(
        source="session.protocol_version_id",
        allow_null=True,
        help_text="What the session was done by.",
    )
    lots = serializers.SerializerMethodField(help_text="Whose cartridges the session used, by id.")

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_lots(self, side_effect: SideEffect) -> list[str]:
        uses = side_effect.session.cartridge_uses.all()
        return sorted({str(use.lot_id) for use in uses})

    class Meta:
        model = SideEffect
        fields = [
            "id",
            "session",
            "patient",
            "zone",
            "kind",
            "grade",
            "is_expected",
            "onset_at",
            "check_in",
            "device",
            "lots",
            "protocol_version",
            "note",
            "recorded_by",
            "created_at",
            "resolved_at",
            "resolution",
        ]
        read_only_fields = fields


class SideEffectFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=SideEffectKind.choices)
    patient = IdFilter(field_name="session__patient")
    session = IdFilter()
    check_in = IdFilter()
    resolved = YesNoFilter(field_name="resolved_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = SideEffect
        fields: list[str] = []


class SideEffectViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = SideEffect
    resource = "treatment_sessions.sideeffect"
    permissions = {
        **dict.fromkeys(("note", "resolve"), "treatment_sessions.change_sideeffect"),
        "course": "treatment_sessions.view_sideeffect",
    }
    serializer_class = SideEffectOut
    filterset_class = SideEffectFilter

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().select_related("session", "zone")
        return rows.prefetch_related("session__cartridge_uses")

    @extend_schema(request=SideEffectIn, responses={201: SideEffectOut})
    def create(self, request: Request) -> Response:
        data = parse_body(SideEffectIn, request)
        side_effect = services.log_side_effect(**data, at=timezone.now(), by=actor(request))
        return Response(SideEffectOut(side_effect).data, status=201)

    @extend_schema(request=CourseIn)
    @action(detail=True, methods=["post"])
    def note(self, request: Request, pk: Any) -> Response:
        """How it goes: a new grade, whether that is a normal course, and what was done."""
        side_effect = services.note_side_effect(
            side_effect_id=self.get_object().pk,
            **parse_body(CourseIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(SideEffectOut(side_effect).data)

    @extend_schema(responses=LookOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def course(self, request: Request, pk: Any) -> Response:
        """How it went, look by look, oldest first."""
        return page_of(self, self.get_object().course.all(), LookOut)

    @extend_schema(request=ResolutionIn)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: Any) -> Response:
        side_effect_id = self.get_object().pk
        data = parse_body(ResolutionIn, request)
        side_effect = services.resolve_side_effect(
            side_effect_id=side_effect_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(SideEffectOut(side_effect).data)


class OutcomeIn(Form):
    plan = VisibleField(queryset=TreatmentPlan.objects.select_related("area", "concern"))
    session = VisibleField(queryset=TreatmentSession.objects.all(), required=False, allow_null=True)
    scale = RowField(queryset=OutcomeScale.objects.all())
    milestone = serializers.ChoiceField(choices=Milestone.choices)
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True)
    rater_role = serializers.ChoiceField(choices=RaterRole.choices)
    rated_by = VisibleField(
        queryset=User.objects.people(),
        required=False,
        allow_null=True,
        help_text="The colleague who gave the score; a clinician is you, if you name nobody.",
    )
    rater_name = TextField(
        required=False,
        allow_blank=True,
        max_length=120,
        help_text="Who gave the score, if nobody of the clinic did.",
    )
    measured_at = InstantField(required=False, help_text="When it was measured; now if not given.")
    score = serializers.DecimalField(max_digits=7, decimal_places=2)
    note = TextField(required=False, allow_blank=True, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["milestone"] == Milestone.SESSION) != (attrs.get("session") is not None):
            raise serializers.ValidationError(
                {"session": ["Name the session if, and only if, it was measured at one."]}
            )
        return attrs


class OutcomeOut(serializers.ModelSerializer[OutcomeMeasure]):
    scale = serializers.CharField(source="scale.code")
    zone = serializers.CharField(source="zone.code", allow_null=True)
    patient = serializers.UUIDField(source="plan.patient_id")

    class Meta:
        model = OutcomeMeasure
        fields = [
            *("id", "plan", "patient", "session", "scale", "milestone", "zone", "rater_role"),
            *("rated_by", "rater_name", "score", "measured_at", "recorded_by", "note"),
        ]
        read_only_fields = fields


class OutcomeFilter(filters.FilterSet):
    plan = IdFilter()
    patient = IdFilter(field_name="plan__patient")

    class Meta:
        model = OutcomeMeasure
        fields: list[str] = []


class OutcomeViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = OutcomeMeasure
    resource = "treatment_sessions.outcomemeasure"
    serializer_class = OutcomeOut
    filterset_class = OutcomeFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("plan", "scale", "zone")

    @extend_schema(request=OutcomeIn, responses={201: OutcomeOut})
    def create(self, request: Request) -> Response:
        data = parse_body(OutcomeIn, request)
        measure = services.record_outcome(**data, at=timezone.now(), by=actor(request))
        return Response(OutcomeOut(measure).data, status=201)
