"""Patients, their contact consents and the concern catalogue, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from clinic.admin import ClinicAdmin, ReadOnlyInline, ServiceAdmin
from clinic.permissions import actor
from patients import services
from patients.models import Concern, ContactConsent, Patient


@admin.register(Concern)
class ConcernAdmin(ClinicAdmin):
    list_display = ["name", "code", "is_active"]
    search_fields = ["name", "code"]


class ContactConsentInline(ReadOnlyInline):
    model = ContactConsent
    fields = ["recorded_at", "channel", "purpose", "granted", "wording", "recorded_by"]
    readonly_fields = fields
    verbose_name_plural = "contact consents (the newest word counts)"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("-recorded_at")


@admin.register(Patient)
class PatientAdmin(ClinicAdmin):
    list_display = ["family_name", "given_name", "date_of_birth", "mobile", "email", "skin_type"]
    list_filter = ["skin_type", "language", ("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["search_text"]  # says that there is a search; what it does is below
    search_help_text = "Name, e-mail, mobile number, or a birth date such as 1990-12-31"
    ordering = ["family_name", "given_name", "id"]
    inlines = [ContactConsentInline]
    readonly_fields = ["archived_at", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["clinic", ("given_name", "family_name"), "date_of_birth"]}),
        ("Contact", {"fields": [("email", "mobile"), ("language", "time_zone")]}),
        ("Skin", {"fields": ["skin_type", "notes"]}),
        ("Record", {"fields": [("created_at", "updated_at"), "archived_at"]}),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        return (queryset.search(search_term) if search_term else queryset), False


@admin.register(ContactConsent)
class ContactConsentAdmin(ServiceAdmin):
    list_display = ["recorded_at", "patient", "channel", "purpose", "granted", "recorded_by"]
    list_filter = ["channel", "purpose", "granted"]
    list_select_related = ["patient", "recorded_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-recorded_at"]

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> ContactConsent:
        details = {name: value for name, value in data.items() if name != "patient"}
        return services.record_contact_consent(
            patient_id=data["patient"].pk, **details, at=timezone.now(), by=actor(request)
        )
