"""Patients and what belongs to them, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from unfold.decorators import display

from clinic.admin import ReadOnlyInline, ScopedInline, ServiceAdmin
from clinic.admin.forms.fields import TIMES, NumberField
from clinic.admin.words import AGREED, names_listed
from clinic.permissions import actor, may_see, sees_all
from patients import services
from patients.admin.screening import GOOD_HEALTH
from patients.models import (
    MEDICAL,
    ConsentHandout,
    ContactConsent,
    Patient,
    PatientConcern,
    PhotoConsent,
    Screening,
    SkinTypeAssessment,
    TreatmentConsent,
)


class RecordInline(ReadOnlyInline):
    """What was recorded, in the tab of the page that is named after it."""

    template = "patients/admin/record_inline.html"


class ContactConsentInline(RecordInline):
    model = ContactConsent
    fields = ["recorded_at", "channel", "purpose", AGREED, "wording", "recorded_by"]
    readonly_fields = fields
    verbose_name_plural = _("contact consents (the newest word counts)")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("-recorded_at")


class SkinTypeInline(RecordInline):
    model = SkinTypeAssessment
    fields = ["assessed_on", "skin_type", "assessed_by"]
    readonly_fields = fields
    ordering = ["-assessed_on", "-id"]


class PatientConcernInline(ScopedInline):
    model = PatientConcern


class ScreeningInline(RecordInline):
    model = Screening
    fields = ["taken_at", "kind", "taken_by", "valid_until", GOOD_HEALTH, "note"]
    readonly_fields = fields
    ordering = ["-taken_at"]
    show_change_link = True


class ConsentHandoutInline(RecordInline):
    model = ConsentHandout
    fields = ["handed_at", "text", "handed_by"]
    readonly_fields = fields
    ordering = ["-handed_at"]
    verbose_name_plural = _("consents to read")


class TreatmentConsentInline(RecordInline):
    model = TreatmentConsent
    fields = ["signed_at", "text", "shown_zones", "expires_on", "revoked_at", "paper"]
    readonly_fields = fields
    ordering = ["-signed_at"]

    @display(description=_("as signed"))
    def paper(self, consent: TreatmentConsent) -> str:
        address = reverse("admin:patients_treatmentconsent_pdf", args=[consent.pk])
        return format_html('<a class="underline" href="{}">PDF</a>', address)

    @display(description=_("zones"))
    def shown_zones(self, consent: TreatmentConsent) -> str:
        return names_listed("zones", consent.zones)


class PhotoConsentInline(RecordInline):
    model = PhotoConsent
    fields = ["signed_at", "scope", "expires_on", "revoked_at"]
    readonly_fields = fields
    ordering = ["-signed_at"]


@admin.register(Patient)
class PatientAdmin(ServiceAdmin):
    formfield_overrides = {**TIMES, PhoneNumberField: {"form_class": NumberField}}
    list_display = ["listed_name", "date_of_birth", "mobile", "email", "skin_type"]
    list_filter = [
        "skin_type",
        "language",
        ("date_of_birth", admin.EmptyFieldListFilter),
        ("archived_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["search_text"]
    search_help_text = _("Name, e-mail, mobile number, birth date, or year of birth")
    ordering = ["family_name", "given_name", "id"]
    inlines = [
        SkinTypeInline,
        PatientConcernInline,
        ScreeningInline,
        ConsentHandoutInline,
        TreatmentConsentInline,
        PhotoConsentInline,
        ContactConsentInline,
    ]
    readonly_fields = ["skin_type", "archived_at", "merged_into", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["clinic", ("given_name", "family_name"), ("date_of_birth", "sex")]}),
        (_("Contact"), {"fields": [("email", "mobile"), ("language", "time_zone")]}),
        (
            _("About this record"),
            {"fields": [("created_at", "updated_at"), ("archived_at", "merged_into")]},
        ),
    ]
    medical = (
        _("Medical"),
        {
            "fields": [
                "skin_type",
                ("keloid_history", "cold_sore_history"),
                ("weight_kg", "weighed_on"),
                "allergies",
                "notes",
            ]
        },
    )

    def hidden_from(self, request: HttpRequest) -> frozenset[str]:
        """The desk sees whom to call, not what ails them."""
        return frozenset() if sees_all(request.user, "patients.view_medical") else MEDICAL

    @admin.display(description=_("Name"), ordering="family_name")
    def listed_name(self, patient: Patient) -> str:
        return patient.listed_name

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None and self.hidden_from(request):
            return self.fieldsets
        if obj is not None and not may_see(request.user, "patients.view_medical", obj.pk):
            return self.fieldsets
        return [*self.fieldsets[:2], self.medical, *self.fieldsets[2:]]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines  # what the patient wants treated is typed in with the rest

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = {*self.readonly_fields, *(["clinic"] if obj else [])}
        return sorted(
            fixed if request.user.has_perm("patients.change_medical") else fixed | MEDICAL
        )

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> Patient:
        details = {name: value for name, value in data.items() if name != "clinic"}
        return services.register_patient(
            clinic=data["clinic"], details=details, at=timezone.now(), by=actor(request)
        )

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        services.update_patient(
            patient_id=obj.pk, changes=changes, at=timezone.now(), by=actor(request)
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """What the patient wants treated is recorded by the service, and changed as typed."""
        formset.save(commit=False)
        for concern in formset.new_objects:
            names = ("concern", "subtype", "zone", "baseline_grade", "onset_on", "note")
            details = {name: getattr(concern, name) for name in names}
            services.record_concern(
                patient_id=form.instance.pk, **details, at=timezone.now(), by=actor(request)
            )
        for concern, changed in formset.changed_objects:
            changes = {name: getattr(concern, name) for name in changed}
            services.change_concern(
                concern_id=concern.pk, changes=changes, at=timezone.now(), by=actor(request)
            )


@admin.register(ContactConsent)
class ContactConsentAdmin(ServiceAdmin):
    adds = staticmethod(services.record_contact_consent)
    by_id = "patient"
    list_display = ["recorded_at", "patient", "channel", "purpose", AGREED, "recorded_by"]
    list_filter = ["channel", "purpose", "granted"]
    list_select_related = ["patient", "recorded_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]


@admin.register(SkinTypeAssessment)
class SkinTypeAssessmentAdmin(ServiceAdmin):
    adds = staticmethod(services.assess_skin_type)
    by_id = "patient"
    list_display = ["assessed_on", "patient", "skin_type", "assessed_by"]
    list_filter = ["skin_type"]
    list_select_related = ["patient", "assessed_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]
    fields = ["patient", "skin_type", "assessed_on"]
