"""The clinic's own: practitioners, rooms and devices."""

from typing import Any

from django.db import models
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from clinic.api.auth import UserOut
from clinic.api.base import ClinicViewSet
from clinic.models import Credential, Device, Room, User


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
