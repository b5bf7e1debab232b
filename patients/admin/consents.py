"""Consents to be treated and to be photographed, in the admin: signed, and revoked once."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from clinic.admin import ServiceAdmin
from clinic.models import DeviceModel
from clinic.permissions import actor
from patients import services
from patients.models import (
    ConsentClause,
    ConsentHandout,
    ConsentKind,
    ConsentText,
    PhotoConsent,
    TreatmentConsent,
    Zone,
)

SIGNED = ["signed_at", "recorded_by", "expires_on", "revoked_at"]


class TreatmentConsentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Codes are ticked, not typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = ConsentText.objects.in_effect(timezone.now()).filter(kind=ConsentKind.TREATMENT)
        clauses = ConsentClause.objects.filter(text__in=current).order_by("code")
        codes = clauses.values_list("code", flat=True).distinct()
        choices: dict[str, Any] = {
            "clauses": [(code, code.replace("-", " ").capitalize()) for code in codes],
            "zones": Zone.objects.values_list("code", "name"),
            "device_models": DeviceModel.objects.filter(is_active=True).values_list("code", "name"),
        }
        for name in set(choices) & set(self.fields):
            field = self.fields[name]
            self.fields[name] = forms.MultipleChoiceField(
                choices=list(choices[name]),
                label=field.label,
                help_text=field.help_text,
                widget=UnfoldAdminCheckboxSelectMultipleWidget,
            )


class ConsentAdmin(ServiceAdmin):
    """Signed through the service. Afterwards only a reason to revoke can be added, once."""

    kind: str
    list_select_related = ["patient", "text"]
    search_fields = ["patient__family_name", "patient__given_name", "signer_name"]
    list_filter = ["expires_on", ("revoked_at", admin.EmptyFieldListFilter)]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]
    signing: list[str]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.signing, *SIGNED, "revoke_reason"] if obj else self.signing

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return [*self.signing, *SIGNED, *(["revoke_reason"] if obj.revoked_at else [])]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            texts = ConsentText.objects.in_effect(timezone.now()).filter(kind=self.kind)
            kwargs["queryset"] = texts
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
        elif form.cleaned_data.get("revoke_reason"):
            services.revoke_consent(
                consent=obj,
                reason=form.cleaned_data["revoke_reason"],
                at=timezone.now(),
                by=actor(request),
            )


@admin.register(TreatmentConsent)
class TreatmentConsentAdmin(ConsentAdmin):
    adds = staticmethod(services.record_treatment_consent)
    by_id = "patient"
    kind = ConsentKind.TREATMENT
    form = TreatmentConsentForm
    list_display = ["signed_at", "patient", "text", "expires_on", "revoked_at"]
    signing = [
        *("patient", "text", "clauses", "zones", "device_models"),
        *("signer_name", "signer_relation", "patient_assented", "witness"),
    ]


@admin.register(ConsentHandout)
class ConsentHandoutAdmin(ServiceAdmin):
    """Which text a patient was given to read: today's, and nothing is filled in afterwards."""

    adds = staticmethod(services.hand_out_consent)
    by_id = "patient"
    list_display = ["handed_at", "patient", "text", "handed_by"]
    list_select_related = ["patient", "text", "handed_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["patient", "text", *(["handed_at", "handed_by"] if obj else [])]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            kwargs["queryset"] = ConsentText.objects.in_effect(timezone.now())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(PhotoConsent)
class PhotoConsentAdmin(ConsentAdmin):
    adds = staticmethod(services.record_photo_consent)
    by_id = "patient"
    kind = ConsentKind.PHOTO
    list_display = ["signed_at", "patient", "scope", "expires_on", "revoked_at"]
    signing = ["patient", "text", "scope", "signer_name", "signer_relation"]
