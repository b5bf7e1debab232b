"""The list of who has opened what is clinical of a patient without treating them, and why."""

from typing import Any

from django.contrib import admin
from django.db.models import Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.records.accesses.names import label_of
from clinic.admin import ClinicAdmin, ReadOnly
from clinic.admin.base import OfTheirClinics
from patients.models import BreakGlass


@admin.register(BreakGlass)
class BreakGlassAdmin(ReadOnly, ClinicAdmin):
    """Newest first. An auditor reads whose record it was by the last letters of its id."""

    list_display = ["opened_at", "by", "of_whom", "reason", "until", "ended_at"]
    list_filter = [("by", OfTheirClinics)]
    search_fields = ["patient__family_name", "patient__given_name"]
    list_select_related = ["by", "patient"]
    ordering = ["-id"]
    fields = list_display
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        by_name = request.user.has_perm("patients.view_patient")
        return super().get_queryset(request).annotate(by_name=Value(by_name))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        found: list[str] = super().get_search_fields(request)
        return found if request.user.has_perm("patients.view_patient") else []

    @display(description=_("patient"))
    def of_whom(self, glass: Any) -> str:
        return glass.patient.full_name if glass.by_name else label_of(glass.patient_id)
