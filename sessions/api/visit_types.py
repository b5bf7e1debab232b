"""The kinds of visit that a clinic offers, over HTTP."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet
from clinic.api.forms import DayField, DaysQuery, parse_query
from sessions.models import Kind, VisitType, VisitTypeName
from sessions.scheduling.attendance import attendance


class VisitTypeNameOut(serializers.ModelSerializer[VisitTypeName]):
    class Meta:
        model = VisitTypeName
        fields = ["language", "name", "discreet_name"]
        read_only_fields = fields


class VisitTypeOut(serializers.ModelSerializer[VisitType]):
    names = VisitTypeNameOut(many=True)

    class Meta:
        model = VisitType
        fields = [
            *("id", "clinic", "code", "name", "names", "kind", "mode"),
            *("minutes", "setup_minutes", "cleaning_minutes", "roles", "credentials"),
            *("rooms", "needs_room", "needs_device", "video_url", "patient_may_book"),
            *("counted_from", "window_from_days", "window_until_days", "is_active"),
        ]
        read_only_fields = fields


class AttendanceQuery(DaysQuery):
    longest = timedelta(days=366)
    first = DayField(help_text="Visits of this day or later, and windows that closed then.")
    to = DayField(help_text="And on this day or earlier; at most 366 days after the first.")


class AttendanceOut(serializers.ModelSerializer[VisitType]):
    attended = serializers.IntegerField(help_text="Visits that took place; a sitting is one.")
    missed = serializers.IntegerField(help_text="Visits to which nobody came.")
    cancelled_late = serializers.IntegerField(
        help_text="Visits cancelled within the late hours of the clinic."
    )
    due = serializers.IntegerField(
        allow_null=True,
        help_text="Courses whose window closed in that time; null for a kind that is not due after "
        "a course.",
    )
    came = serializers.IntegerField(allow_null=True, help_text="Those of them that had the visit.")

    class Meta:
        model = VisitType
        fields = [
            "id",
            "clinic",
            "code",
            "name",
            "attended",
            "missed",
            "cancelled_late",
            "due",
            "came",
        ]
        read_only_fields = fields


class VisitTypeFilter(filters.FilterSet):
    kind = filters.MultipleChoiceFilter(choices=Kind.choices, distinct=False)

    class Meta:
        model = VisitType
        fields: list[str] = []


class VisitTypeViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """What can be booked, and what each takes."""

    model = VisitType
    resource = "treatment_sessions.visittype"
    serializer_class = VisitTypeOut
    filterset_class = VisitTypeFilter

    permissions = {"attendance": "treatment_sessions.view_treatmentsession"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("names", "rooms")

    def known_query_params(self) -> set[str]:
        return {"from", "to"} if self.action == "attendance" else super().known_query_params()

    @extend_schema(parameters=[AttendanceQuery], responses=AttendanceOut(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def attendance(self, request: Request) -> Response:
        """How many visits of each kind were attended, missed and cancelled late; and how many of
        the outcome visits that were due came about."""
        asked = parse_query(AttendanceQuery, request)
        rows = VisitType.objects.visible_to(request.user).order_by("clinic", "window_until_days")
        found = attendance(rows, asked["from"], asked["to"], at=timezone.now())
        return Response(AttendanceOut(found, many=True).data)
