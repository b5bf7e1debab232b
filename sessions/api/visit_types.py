"""The kinds of visit that a clinic offers, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from clinic.api.base import ClinicViewSet
from sessions.models import Kind, VisitType, VisitTypeName


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
            *("minutes", "setup_minutes", "cleaning_minutes", "roles"),
            *("rooms", "needs_room", "needs_device", "video_url", "patient_may_book"),
            *("counted_from", "window_from_days", "window_until_days", "is_active"),
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

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("names", "rooms")
