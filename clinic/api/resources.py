"""The clinic's own: practitioners, who is on call, rooms and devices."""

from typing import Any

from django.db import models
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from clinic.api.auth import UserOut
from clinic.api.base import ClinicViewSet
from clinic.api.queries import IdFilter, YesNoFilter
from clinic.models import Credential, Device, OnCallShift, Room, User


class PractitionerViewSet(ListModelMixin, ClinicViewSet):
    """Those who treat, for the desk to book."""

    permissions = {"list": "treatment_sessions.view_treatmentsession"}
    serializer_class = UserOut

    def get_queryset(self) -> models.QuerySet[User]:
        rows: models.QuerySet[User] = User.objects.practitioners().visible_to(self.request.user)
        return rows


class RoomOut(serializers.ModelSerializer[Room]):
    class Meta:
        model = Room
        fields = ["id", "clinic", "name", "areas", "is_active"]
        read_only_fields = fields


class RoomViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = Room
    resource = "clinic.room"
    serializer_class = RoomOut


class DeviceOut(serializers.ModelSerializer[Device]):
    model_name = serializers.CharField(source="model.name")
    model_code = serializers.CharField(source="model.code")

    class Meta:
        model = Device
        fields = [
            *("id", "clinic", "model", "model_code", "model_name", "serial", "areas", "is_active")
        ]
        read_only_fields = fields


class DeviceViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = Device
    resource = "clinic.device"
    serializer_class = DeviceOut

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().select_related("model")


class CredentialOut(serializers.ModelSerializer[Credential]):
    class Meta:
        model = Credential
        fields = [
            *("id", "user", "clinic", "kind", "device_model", "number", "issuer"),
            *("depth_max_mm", "valid_from", "expires_on", "document"),
        ]
        read_only_fields = fields


class CredentialViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Of colleagues and of the premises. A manager enters them in the admin."""

    model = Credential
    resource = "clinic.credential"
    serializer_class = CredentialOut


class OnCallShiftOut(serializers.ModelSerializer[OnCallShift]):
    class Meta:
        model = OnCallShift
        fields = ["id", "clinic", "practitioner", "starts_at", "ends_at"]
        read_only_fields = fields


class OnCallFilter(filters.FilterSet):
    practitioner = IdFilter()
    now = YesNoFilter(method="by_now", help_text="Whether it is their turn at this moment.")

    class Meta:
        model = OnCallShift
        fields: list[str] = []

    def by_now(self, rows: Any, name: str, value: bool) -> Any:
        current = OnCallShift.objects.at(timezone.now())
        return rows.filter(pk__in=current) if value else rows.exclude(pk__in=current)


class OnCallViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Who answers for what is urgent, and when. A manager plans it in the admin."""

    model = OnCallShift
    resource = "clinic.oncallshift"
    serializer_class = OnCallShiftOut
    filterset_class = OnCallFilter
