"""The page on which a patient consents to a treatment at the clinic, and the PDF of it.

The page stands in the app below, which knows no plans. Here it is registered once more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import markdown
from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from aftercare.records.export.consents import consent_page
from clinic.admin.reads import once_each
from clinic.http.pdf import pdf_answer
from clinic.permissions import actor
from patients.admin.consents import TreatmentConsentAdmin, TreatmentConsentForm
from patients.models import ConsentKind, ConsentText, Patient, TreatmentConsent, Zone
from patients.services.consents import NoConsentText, text_to_read
from sessions.lifecycle import UPCOMING, PlanStatus
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.safety.loading.record import age_on, rules_in_effect

PLANNED = (PlanStatus.DRAFT, PlanStatus.ACTIVE)

admin.site.unregister(TreatmentConsent)


@dataclass
class Signing:
    """Who signs which text, and what their plans say that it is about."""

    patient: Patient
    text: ConsentText
    others: list[ConsentText]
    zones: list[str]
    device_models: list[str]
    is_minor: bool

    @property
    def body(self) -> SafeString:
        """The words are the clinic's own: only managers write them."""
        headed = self.text.body if self.text.body.startswith("# ") else f"# {self.text}"
        return mark_safe(markdown.markdown(headed))  # noqa: S308


@once_each
def signing_of(request: HttpRequest) -> Signing | None:
    """None where no patient is named, or there is no text: then the form asks for both."""
    sent, at = request.POST or request.GET, timezone.now()
    try:
        pk = UUID(str(sent.get("patient", "")))
    except ValueError:
        return None
    rows = Patient.objects.visible_to(actor(request)).select_related("clinic")
    patient = rows.filter(pk=pk).first()
    if patient is None:
        return None
    texts = {
        str(text.pk): text
        for text in ConsentText.objects.in_effect(at).filter(kind=ConsentKind.TREATMENT)
    }
    try:
        text = texts.get(str(sent.get("text", ""))) or text_to_read(patient, at)
    except NoConsentText:
        return None
    zones, device_models = _planned(patient)
    return Signing(
        patient,
        text,
        [other for other in texts.values() if other != text],
        zones,
        device_models,
        _is_minor(patient, at),
    )


def _planned(patient: Patient) -> tuple[list[str], list[str]]:
    """The zones of the areas of plans that are open, and the devices that are booked for them."""
    plans = TreatmentPlan.objects.filter(patient=patient, status__in=PLANNED)
    zones = Zone.objects.filter(area__in=plans.values("area")).values_list("code", flat=True)
    booked = TreatmentSession.objects.filter(plan__in=plans, status__in=UPCOMING)
    devices = booked.exclude(device=None).values_list("device__model__code", flat=True)
    return list(zones), sorted(set(devices))


def _is_minor(patient: Patient, at: datetime) -> bool:
    age = age_on(patient.date_of_birth, at.astimezone(patient.clinic.zone).date())
    return age is not None and age < rules_in_effect(at)["age-of-consent"].value


class SigningForm(TreatmentConsentForm):
    """For a patient who is known: what is ticked is read in the words that are signed."""

    signing: Signing

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clauses = self.signing.text.clauses.order_by("id")
        fields: Any = self.fields
        fields["clauses"].choices = [(clause.code, clause.wording) for clause in clauses]
        for name in ("patient", "text", "signature"):
            fields[name].widget = forms.HiddenInput()


@admin.register(TreatmentConsent)
class ConsentPage(TreatmentConsentAdmin):
    add_form_template = "aftercare/admin/consent/sign.html"
    actions_detail = ["pdf"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_fields(request, obj)
        if obj is None:
            return [*fields, "signature"] if signing_of(request) else fields
        return [*fields, "drawn"] if obj.signature else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "drawn"]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None and (signing := signing_of(request)):
            kwargs["form"] = type("SigningForm", (SigningForm,), {"signing": signing})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        if signing := signing_of(request):
            initial |= {"zones": signing.zones, "device_models": signing.device_models}
        return initial

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "signing": signing_of(request)}
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    @display(description=_("drawn signature"))
    def drawn(self, consent: TreatmentConsent) -> str:
        return format_html(
            '<svg viewBox="0 0 600 200" width="300" height="100" role="img"'
            ' aria-label="Signature of {}"><path d="{}" fill="none" stroke="currentColor"'
            ' stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
            consent.signer_name,
            consent.signature,
        )

    @action(description=_("PDF"), url_path="pdf", permissions=["view"])
    def pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Made of the rows that nobody can change: the same words whenever it is opened."""
        rows = self.get_queryset(request).select_related("text", "patient__clinic")
        consent = rows.filter(pk=object_id).first()
        if consent is None:
            raise Http404
        return pdf_answer(consent_page(consent), name="consent")
