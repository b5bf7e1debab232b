"""The patients' catalogues, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.admin import (
    ClinicAdmin,
    ScopedInline,
    VersionedAdmin,
    VersionPartInline,
    version_columns,
)
from clinic.admin.words import IN_USE, severity
from patients.models import (
    Area,
    Concern,
    ConcernSubtype,
    ConsentClause,
    ConsentText,
    ScreeningRule,
    ScreeningWording,
    Zone,
)


class ZoneInline(ScopedInline):
    model = Zone


@admin.register(Area)
class AreaAdmin(ClinicAdmin):
    list_display = ["name", "code"]
    search_fields = ["name", "code"]
    inlines = [ZoneInline]


@admin.register(Zone)
class ZoneAdmin(ClinicAdmin):
    list_display = ["name", "area", "code", "near_mouth"]
    list_filter = ["area"]
    list_select_related = ["area"]
    search_fields = ["name", "code"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "area"] if obj else []  # charts and limits refer to it there


class ConcernSubtypeInline(ScopedInline):
    model = ConcernSubtype


@admin.register(Concern)
class ConcernAdmin(ClinicAdmin):
    list_display = ["name", "code", IN_USE]
    search_fields = ["name", "code"]
    inlines = [ConcernSubtypeInline]


class ScreeningWordingInline(VersionPartInline):
    model = ScreeningWording


@admin.register(ScreeningRule)
class ScreeningRuleAdmin(VersionedAdmin):
    list_display = version_columns("name", "question", "how_grave", "washout_days")
    list_filter = ["severity", "scope", "condition"]
    search_fields = ["code", "question"]
    ordering = ["position", "-version"]
    inlines = [ScreeningWordingInline]

    @display(description=_("about"), ordering="code")
    def name(self, rule: ScreeningRule) -> str:
        return rule.name

    @display(description=_("a yes"), ordering="severity")
    def how_grave(self, rule: ScreeningRule) -> str:
        return severity(rule.severity)


class ConsentClauseInline(VersionPartInline):
    model = ConsentClause


@admin.register(ConsentText)
class ConsentTextAdmin(VersionedAdmin):
    list_display = version_columns("title", "kind", "language")
    list_filter = ["kind", "language"]
    ordering = ["kind", "language", "-version"]
    inlines = [ConsentClauseInline]
