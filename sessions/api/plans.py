"""Treatment plans, and the times that can be offered for one, over HTTP."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api import ClinicViewSet, VisibleField
from clinic.models import User
from clinic.permissions import actor
from patients.models import Concern, Patient
from sessions import services
from sessions.availability import free_slots
from sessions.models import Area, Protocol, TreatmentPlan

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
            "planned_sessions",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields


class PlanViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = TreatmentPlan
    resource = "treatment_sessions.treatmentplan"
    serializer_class = PlanOut

    @extend_schema(request=PlanIn, responses={201: PlanOut})
    def create(self, request: Request) -> Response:
        form = PlanIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        plan = services.create_plan(**form.validated_data, by=actor(request))
        return Response(PlanOut(plan).data, status=201)


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
        slots = free_slots(
            plan=query["plan"],
            first=query["from"],
            last=query["to"],
            practitioner=query["practitioner"],
            at=timezone.now(),
        )
        return Response(SlotOut(slots, many=True).data)
