"""Treatment plans, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from clinic.admin import MovesInline, ServiceAdmin
from clinic.permissions import actor
from patients.admin.records import OfOpenRecord
from sessions import services
from sessions.admin.booking.series import SeriesPage
from sessions.admin.planning.moves import MOVES, PlanMoves
from sessions.admin.planning.page import PlanningPage
from sessions.models import PlanEvent, TreatmentPlan


class PlanEventInline(MovesInline):
    model = PlanEvent


@admin.register(TreatmentPlan)
class TreatmentPlanAdmin(PlanMoves, PlanningPage, SeriesPage, OfOpenRecord, ServiceAdmin):
    adds = staticmethod(services.create_plan)
    actions_detail = ["series", *MOVES]
    list_display = ["patient", "protocol", "area", "practitioner", "status", "created_at"]
    list_filter = ["status", "kind", "area", "concern"]
    list_select_related = ["patient", "protocol", "area", "practitioner"]
    search_fields = ["patient__family_name", "patient__given_name", "protocol__name"]
    autocomplete_fields = ["patient", "concern", "area", "protocol", "after_outcome"]
    ordering = ["-id"]
    inlines = [PlanEventInline]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [
            *("patient", "kind", "concern", "area", "protocol", "practitioner", "planned_zones"),
            *("goals", "interval_months", "reason", "after_outcome", "home_care"),
        ]
        return [*fields, "planned_sessions", "status", "protocol_version"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["patient", "kind", "after_outcome", "concern", "area", "protocol", "status"]
        return [*fixed, "protocol_version"] if obj else []

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        services.change_plan(plan_id=obj.pk, changes=changes, at=timezone.now(), by=actor(request))
