"""Treatment plans, and the times that can be offered for one, over HTTP."""

from datetime import timedelta
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

from clinic.api import ClinicViewSet, ReasonIn, VisibleField
from clinic.models import User
from clinic.permissions import actor
from patients.models import Area, Concern, Patient, PatientConcern
from sessions import services
from sessions.availability import free_slots
from sessions.lifecycle import PlanStatus
from sessions.models import Protocol, TreatmentPlan
from sessions.services.plans import version_in_effect

LONGEST = timedelta(days=31)


class PlanIn(serializers.Serializer[Any]):
    patient = VisibleField(queryset=Patient.objects.all())
    concern = serializers.PrimaryKeyRelatedField(queryset=Concern.objects.all())
    area = serializers.PrimaryKeyRelatedField(queryset=Area.objects.all())
    protocol = serializers.PrimaryKeyRelatedField(
        queryset=Protocol.objects.select_related("concern", "area").filter(is_active=True)
    )
    practitioner = VisibleField(
        queryset=User.objects.practitioners(), required=False, allow_null=True, default=None
    )
    patient_concerns = VisibleField(
        queryset=PatientConcern.objects.all(), many=True, required=False, default=list
    )
    goals = serializers.CharField(required=False, max_length=2_000, default="")
    as_draft = serializers.BooleanField(default=False)


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
            "goals",
            "status",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields


class PlanFilter(filters.FilterSet):
    patient = filters.UUIDFilter()
    status = filters.MultipleChoiceFilter(choices=PlanStatus.choices)

    class Meta:
        model = TreatmentPlan
        fields: list[str] = []


class PlanViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = TreatmentPlan
    resource = "treatment_sessions.treatmentplan"
    permissions = dict.fromkeys(
        ("activate", "hold", "complete", "stop"), "treatment_sessions.change_treatmentplan"
    )
    serializer_class = PlanOut
    filterset_class = PlanFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("patient_concerns")

    @extend_schema(request=PlanIn, responses={201: PlanOut})
    def create(self, request: Request) -> Response:
        form = PlanIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        plan = services.create_plan(**form.validated_data, at=timezone.now(), by=actor(request))
        return Response(PlanOut(plan).data, status=201)

    def _move(self, request: Request, to: PlanStatus) -> Response:
        plan_id = self.get_object().pk
        form = ReasonIn(data=request.data)
        form.is_valid(raise_exception=True)
        plan = services.move_plan(
            plan_id=plan_id,
            to=to,
            at=timezone.now(),
            by=actor(request),
            reason=form.validated_data["reason"],
        )
        return Response(PlanOut(plan).data)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: Any) -> Response:
        return self._move(request, PlanStatus.ACTIVE)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: Any) -> Response:
        return self._move(request, PlanStatus.ON_HOLD)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: Any) -> Response:
        return self._move(request, PlanStatus.COMPLETED)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: Any) -> Response:
        return self._move(request, PlanStatus.STOPPED)


class AvailabilityQuery(serializers.Serializer[Any]):
    plan = VisibleField(
        queryset=TreatmentPlan.objects.select_related("clinic", "patient", "area", "protocol")
    )
    # "from" is a word of Python's, so it gets its name below
    first = serializers.DateField(help_text="First local day.")
    to = serializers.DateField(help_text="Last local day; at most 31 days after the first.")
    practitioner = VisibleField(queryset=User.objects.practitioners(), required=False, default=None)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["from"] = fields.pop("first")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not timedelta(0) <= attrs["to"] - attrs["from"] <= LONGEST:
            raise ValidationError(
                {"to": [f"Must be from the first day to {LONGEST.days} days after it."]}
            )
        return attrs


class SlotOut(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    practitioner = serializers.UUIDField(source="practitioner.pk")
    room = serializers.UUIDField(source="room.pk")
    device = serializers.UUIDField(source="device.pk")


class AvailabilityViewSet(ClinicViewSet):
    """The times that can be booked for a plan's next session, with who and what is free then."""

    permissions = {"list": "treatment_sessions.view_treatmentsession"}
    serializer_class = SlotOut
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return TreatmentPlan.objects.none()

    def known_query_params(self) -> set[str]:
        return set(AvailabilityQuery().get_fields())

    @extend_schema(parameters=[AvailabilityQuery], responses=SlotOut(many=True))
    def list(self, request: Request) -> Response:
        form = AvailabilityQuery(data=request.query_params, context={"request": request})
        form.is_valid(raise_exception=True)
        query = form.validated_data
        now = timezone.now()
        slots = free_slots(
            plan=query["plan"],
            protocol=version_in_effect(query["plan"].protocol, now),
            first=query["from"],
            last=query["to"],
            practitioner=query["practitioner"],
            at=now,
        )
        return Response(SlotOut(slots, many=True).data)
