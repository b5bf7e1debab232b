"""Treatments beside the needle, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone

from clinic.admin import ServiceAdmin
from clinic.permissions import actor
from patients import services
from patients.admin.records import OfOpenRecord
from patients.models import OtherTreatment, StaffTask


@admin.register(OtherTreatment)
class OtherTreatmentAdmin(OfOpenRecord, ServiceAdmin):
    adds = staticmethod(services.record_other_treatment)
    by_id = "patient"
    list_display = ["treated_on", "status", "patient", "kind", "area", "place", "place_name"]
    list_filter = ["status", "kind", "place"]
    list_select_related = ["patient", "area"]
    search_fields = ["patient__family_name", "patient__given_name", "place_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields: list[Any] = ["patient", "kind", "area", "zones", "status", "treated_on"]
        fields += ["place", "place_name", "notes"]
        return [*fields, ("recorded_at", "recorded_by")] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["patient", "recorded_at", "recorded_by"] if obj else []

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        services.correct_other_treatment(
            treatment_id=obj.pk, changes=changes, at=timezone.now(), by=actor(request)
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Says at once what the task says that is raised of what is too near to needling."""
        super().save_model(request, obj, form, change)
        for task in StaffTask.objects.open().filter(source=obj.task_source):
            for line in task.detail.splitlines():
                messages.warning(request, line)
