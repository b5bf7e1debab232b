"""Whom of the staff was told of what is grave, over HTTP."""

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from aftercare.models import StaffAlert
from clinic.api.base import ClinicViewSet
from clinic.api.queries import IdFilter


class StaffAlertOut(serializers.ModelSerializer[StaffAlert]):
    class Meta:
        model = StaffAlert
        fields = [
            *("id", "task", "person", "step", "channel", "raised_at", "due_at", "tries"),
            *("sent_at", "ended_at", "detail"),
        ]
        read_only_fields = fields


class StaffAlertFilter(filters.FilterSet):
    task = IdFilter()
    person = IdFilter()

    class Meta:
        model = StaffAlert
        fields: list[str] = []


class StaffAlertViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Written by the escalation: one for each person, step and channel."""

    model: Any = StaffAlert
    resource = "aftercare.staffalert"
    serializer_class = StaffAlertOut
    filterset_class = StaffAlertFilter
