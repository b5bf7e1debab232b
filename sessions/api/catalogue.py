"""Areas' zones and protocols, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api import CatalogueViewSet
from sessions.models import Protocol, Zone


class ZoneOut(serializers.ModelSerializer[Zone]):
    area_code = serializers.CharField(source="area.code")

    class Meta:
        model = Zone
        fields = ["id", "code", "name", "area", "area_code", "depth_min_mm", "depth_max_mm", "note"]
        read_only_fields = fields


class ZoneViewSet(CatalogueViewSet):
    model = Zone
    resource = "treatment_sessions.zone"
    serializer_class = ZoneOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("area")


class ProtocolOut(serializers.ModelSerializer[Protocol]):
    area_code = serializers.CharField(source="area.code")
    concern_code = serializers.CharField(source="concern.code")

    class Meta:
        model = Protocol
        fields = [
            "id",
            "code",
            "name",
            "concern",
            "concern_code",
            "area",
            "area_code",
            "depth_min_mm",
            "depth_max_mm",
            "planned_sessions",
            "hard_min_days",
            "target_days",
            "duration_minutes",
            "cleaning_minutes",
            "source",
            "is_active",
        ]
        read_only_fields = fields


class ProtocolViewSet(CatalogueViewSet):
    model = Protocol
    resource = "treatment_sessions.protocol"
    serializer_class = ProtocolOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("area", "concern")
