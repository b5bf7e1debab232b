"""The catalogues of treatment, over HTTP: what is in effect now."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import CatalogueViewSet, VersionedViewSet
from clinic.api.paging import NewestFirst, page_of
from clinic.models import DeviceModel, DeviceSpec
from clinic.permissions import actor
from patients.models import Zone
from sessions.api.retire import RetireActions, permissions_for
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    ProductDrug,
    Protocol,
    ProtocolVersion,
    ScoreLabel,
    TreatmentSession,
    ZoneLimit,
    ZoneRange,
)
from sessions.services.plans import version_in_effect


class ZoneLimitOut(serializers.ModelSerializer[ZoneLimit]):
    class Meta:
        model = ZoneLimit
        fields = [
            *("version", "depth_min_mm", "depth_max_mm", "is_blocked", "passes_max"),
            *("note", "source", "evidence"),
        ]
        read_only_fields = fields


class ZoneOut(serializers.ModelSerializer[Zone]):
    area_code = serializers.CharField(source="area.code")
    limit = serializers.SerializerMethodField()

    class Meta:
        model = Zone
        fields = ["id", "code", "name", "area", "area_code", "near_mouth", "keloid_prone", "limit"]
        read_only_fields = fields

    @extend_schema_field(ZoneLimitOut(allow_null=True))
    def get_limit(self, zone: Any) -> Any:
        return ZoneLimitOut(zone.in_effect[0]).data if zone.in_effect else None


class ZoneViewSet(CatalogueViewSet):
    model = Zone
    resource = "patients.zone"
    serializer_class = ZoneOut

    def get_queryset(self) -> QuerySet[Any]:
        limits = Prefetch("limits", ZoneLimit.objects.in_effect(timezone.now()), "in_effect")
        return super().get_queryset().select_related("area").prefetch_related(limits)


class ZoneRangeOut(serializers.ModelSerializer[ZoneRange]):
    zone = serializers.CharField(source="zone.code")

    class Meta:
        model = ZoneRange
        fields = ["zone", "depth_min_mm", "depth_max_mm"]
        read_only_fields = fields


class ProtocolVersionOut(serializers.ModelSerializer[ProtocolVersion]):
    zone_ranges = ZoneRangeOut(many=True)

    class Meta:
        model = ProtocolVersion
        fields = [
            *("id", "version", "effective_from", "depth_min_mm", "depth_max_mm", "zone_ranges"),
            *("passes_max", "expected_endpoint", "planned_sessions", "hard_min_days"),
            *("soft_min_days", "target_min_days", "target_max_days", "duration_minutes"),
            *("minutes_per_zone", "setup_minutes", "stop_after_sessions"),
            *("cleaning_minutes", "studies", "source", "evidence"),
        ]
        read_only_fields = fields


class ProtocolOut(serializers.ModelSerializer[Protocol]):
    area_code = serializers.CharField(source="area.code")
    concern_code = serializers.CharField(source="concern.code")
    version = serializers.SerializerMethodField()

    class Meta:
        model = Protocol
        fields = [
            *("id", "code", "name", "concern", "concern_code", "area", "area_code", "is_active"),
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(ProtocolVersionOut(allow_null=True))
    def get_version(self, protocol: Any) -> Any:
        return ProtocolVersionOut(protocol.in_effect[0]).data if protocol.in_effect else None


class ClosePairOut(serializers.Serializer[Any]):
    """Two sessions that were booked before the protocol demanded more days between them."""

    session = serializers.UUIDField(source="pk")
    starts_at = serializers.DateTimeField()
    follows_on = serializers.UUIDField()
    followed_at = serializers.DateTimeField()
    days = serializers.SerializerMethodField(help_text="On the clinic's calendar.")

    def get_days(self, session: Any) -> int:
        zone = session.clinic.zone
        day, before = (t.astimezone(zone).date() for t in (session.starts_at, session.followed_at))
        days: int = (day - before).days
        return days


class ByStart(NewestFirst):
    ordering = ("starts_at", "id")


class ProtocolViewSet(RetireActions, CatalogueViewSet):
    model = Protocol
    resource = "treatment_sessions.protocol"
    permissions = {
        "close_pairs": "treatment_sessions.view_treatmentsession",
        **permissions_for("treatment_sessions.change_protocol"),
    }
    serializer_class = ProtocolOut

    def get_queryset(self) -> QuerySet[Any]:
        versions = ProtocolVersion.objects.in_effect(timezone.now())
        in_effect = Prefetch(
            "versions", versions.prefetch_related("zone_ranges__zone"), "in_effect"
        )
        return super().get_queryset().select_related("area", "concern").prefetch_related(in_effect)

    @extend_schema(responses=ClosePairOut(many=True))
    @action(detail=True, url_path="close-pairs", pagination_class=ByStart)
    def close_pairs(self, request: Request, pk: Any) -> Response:
        """Sessions still to come that follow sooner on another one than the version in effect
        demands. They were booked before it and stay; move those that should obey it."""
        now = timezone.now()
        version = version_in_effect(self.get_object(), now)
        rows: Any = TreatmentSession.objects.visible_to(actor(request))
        pairs = rows.closer_than(version, at=now).select_related("clinic")
        return page_of(self, pairs, ClosePairOut)


class DeviceSpecOut(serializers.ModelSerializer[DeviceSpec]):
    class Meta:
        model = DeviceSpec
        fields = [
            *("version", "depth_max_mm", "tolerance_mm", "needles", "lists_isotretinoin"),
            *("source", "evidence"),
        ]
        read_only_fields = fields


class DeviceClearanceOut(serializers.ModelSerializer[DeviceClearance]):
    class Meta:
        model = DeviceClearance
        fields = [
            *("reference", "version", "jurisdiction", "indication", "concerns", "subtypes"),
            *("zones", "skin_types", "min_age", "depth_max_mm", "source", "evidence"),
        ]
        read_only_fields = fields


class DeviceModelOut(serializers.ModelSerializer[DeviceModel]):
    spec = serializers.SerializerMethodField()
    clearances = DeviceClearanceOut(source="cleared", many=True)

    class Meta:
        model = DeviceModel
        fields = ["id", "code", "maker", "name", "modality", "is_active", "spec", "clearances"]
        read_only_fields = fields

    @extend_schema_field(DeviceSpecOut(allow_null=True))
    def get_spec(self, model: Any) -> Any:
        return DeviceSpecOut(model.in_effect[0]).data if model.in_effect else None


class DeviceModelViewSet(RetireActions, CatalogueViewSet):
    model = DeviceModel
    resource = "clinic.devicemodel"
    permissions = permissions_for("clinic.change_devicemodel")
    serializer_class = DeviceModelOut

    def get_queryset(self) -> QuerySet[Any]:
        now = timezone.now()
        return (
            super()
            .get_queryset()
            .prefetch_related(
                Prefetch("specs", DeviceSpec.objects.in_effect(now), "in_effect"),
                Prefetch("clearances", DeviceClearance.objects.in_effect(now), "cleared"),
            )
        )


class ProductDrugOut(serializers.ModelSerializer[ProductDrug]):
    class Meta:
        model = ProductDrug
        fields = ["drug", "percent", "mg_per_kg_max"]
        read_only_fields = fields


class ProductOut(serializers.ModelSerializer[Product]):
    drugs = ProductDrugOut(source="named_drugs", many=True)

    class Meta:
        model = Product
        fields = [
            *("id", "code", "version", "kind", "name", "strength_percent", "drugs"),
            *("is_prescription", "for_dermis", "minutes_max", "grams_per_cm2_max", "grams_max"),
            *("limits_by_label", "mg_per_kg_max", "age_min", "not_near_eyes", "not_with"),
            *("may_be_occluded", "source", "evidence"),
        ]
        read_only_fields = fields


class ProductViewSet(VersionedViewSet):
    model = Product
    resource = "treatment_sessions.product"
    serializer_class = ProductOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("drugs")


class ScoreLabelOut(serializers.ModelSerializer[ScoreLabel]):
    class Meta:
        model = ScoreLabel
        fields = ["score", "language", "label"]
        read_only_fields = fields


class OutcomeScaleOut(serializers.ModelSerializer[OutcomeScale]):
    labels = ScoreLabelOut(many=True)

    class Meta:
        model = OutcomeScale
        fields = [
            *("id", "code", "version", "name", "rater_roles", "score_min", "score_max"),
            *("score_step", "concerns", "lower_is_better", "no_change_score"),
            *("minimal_important_difference", "difference_source", "labels"),
            *("source", "evidence"),
        ]
        read_only_fields = fields


class OutcomeScaleViewSet(VersionedViewSet):
    model = OutcomeScale
    resource = "treatment_sessions.outcomescale"
    serializer_class = OutcomeScaleOut

    def get_queryset(self) -> QuerySet[Any]:
        labels = ScoreLabel.objects.order_by("language", "score")
        return super().get_queryset().prefetch_related(Prefetch("labels", queryset=labels))
