"""The catalogues of treatment, in the admin."""

from django.contrib import admin
from unfold.admin import TabularInline

from clinic.admin import ClinicAdmin, ReadOnlyInline, ScopedFields, VersionedAdmin, version_columns
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    Protocol,
    ProtocolVersion,
    SideEffectExpectation,
    ZoneLimit,
    ZoneRange,
)


@admin.register(ZoneLimit)
class ZoneLimitAdmin(VersionedAdmin):
    list_display = version_columns("zone", "depth_min_mm", "depth_max_mm", "is_blocked")
    list_filter = ["zone__area", "is_blocked"]
    list_select_related = ["zone"]
    search_fields = ["zone__name"]
    ordering = ["zone__name", "-version"]


class ProtocolVersionInline(ReadOnlyInline):
    model = ProtocolVersion
    fields = [
        *("version", "effective_from", "depth_min_mm", "depth_max_mm"),
        *("hard_min_days", "soft_min_days", "source"),
    ]
    readonly_fields = fields
    ordering = ["-version"]
    show_change_link = True


@admin.register(Protocol)
class ProtocolAdmin(ClinicAdmin):
    list_display = ["name", "concern", "area", "is_active"]
    list_filter = ["area", "concern", "is_active"]
    list_select_related = ["area", "concern"]
    search_fields = ["name", "code"]
    inlines = [ProtocolVersionInline]


class ZoneRangeInline(ScopedFields, TabularInline):
    model = ZoneRange
    extra = 0


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(VersionedAdmin):
    list_display = version_columns("protocol", "depth_min_mm", "depth_max_mm", "hard_min_days")
    list_filter = ["protocol"]
    list_select_related = ["protocol"]
    search_fields = ["protocol__name"]
    ordering = ["protocol__name", "-version"]
    inlines = [ZoneRangeInline]


@admin.register(DeviceClearance)
class DeviceClearanceAdmin(VersionedAdmin):
    list_display = version_columns("model", "reference", "indication", "min_age")
    list_filter = ["model"]
    list_select_related = ["model"]
    search_fields = ["reference", "indication"]
    ordering = ["model", "reference", "-version"]


@admin.register(Product)
class ProductAdmin(VersionedAdmin):
    list_display = version_columns("name", "kind", "strength_percent", "for_dermis")
    list_filter = ["kind", "for_dermis"]
    search_fields = ["name", "code"]
    ordering = ["kind", "name", "-version"]


@admin.register(OutcomeScale)
class OutcomeScaleAdmin(VersionedAdmin):
    list_display = version_columns("name", "score_min", "score_max", "lower_is_better")
    search_fields = ["name", "code"]
    ordering = ["name", "-version"]


@admin.register(SideEffectExpectation)
class SideEffectExpectationAdmin(VersionedAdmin):
    list_display = version_columns("kind", "expected_until_hours", "is_red_flag")
    list_filter = ["is_red_flag"]
    ordering = ["kind", "-version"]
