"""The consent, to be read at home in the patient's language, and signed there or in the clinic."""

from datetime import datetime
from typing import Any

import markdown
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.ready.views import is_for
from clinic.errors import DomainError
from patients.models import ConsentText, Zone
from patients.services import hand_out_consent, record_treatment_consent
from patients.services.consents import NoConsentText, text_to_read
from sessions.models import TreatmentSession
from sessions.safety.loading.record import age_on, rules_in_effect

NOT_SIGNED = _("Please tick what you agree to, and type your full name.")


class SignForm(forms.Form):
    name = forms.CharField(max_length=160, strip=True)


@of_patient("GET", "HEAD", "POST", is_own=True)
def consent(request: HttpRequest, message: Message) -> HttpResponse:
    """The text that is signed now. A POST notes that it was read, or signs it."""
    at = timezone.now()
    if not is_for(message, at=at):
        return lead_to(message)
    try:
        text = text_to_read(message.patient, at)
    except NoConsentText:  # the clinic has a paper of its own
        return lead_to(message, "ready/", done="none")
    if request.method != "POST":
        return _show(request, message, text, at=at)
    if not is_from_our_form(request, message):
        return _show(request, message, text, at=at, problem=FORM_IS_OLD, status=403)
    if "sign" not in request.POST:
        hand_out_consent(patient_id=message.patient_id, text=text, at=at, by=None)
        return lead_to(message, "ready/", done="read")
    return _sign(request, message, text, at=at)


def _sign(
    request: HttpRequest, message: Message, text: ConsentText, *, at: datetime
) -> HttpResponse:
    form = SignForm(request.POST)
    if not form.is_valid() or not _may_sign(message, at=at):
        return _show(request, message, text, at=at, problem=NOT_SIGNED, status=400)
    zones, devices = _covered(message.session)
    today = at.astimezone(message.clinic.zone).date()
    own = message.patient.treatment_consents.valid(today).filter(text=text, recorded_by=None)
    if own.filter(zones=zones, device_models=devices).exists():  # pressed twice
        return lead_to(message, "ready/", done="signed")
    try:
        record_treatment_consent(
            patient_id=message.patient_id,
            text=text,
            clauses=sorted(set(request.POST.getlist("clauses"))),
            signer_name=form.cleaned_data["name"],
            zones=zones,
            device_models=devices,
            at=at,
            by=None,
        )
    except DomainError:  # something that must be agreed to was not
        return _show(request, message, text, at=at, problem=NOT_SIGNED, status=400)
    return lead_to(message, "ready/", done="signed")


def _covered(session: TreatmentSession) -> tuple[list[str], list[str]]:
    """The areas and devices of the visit, as it is booked."""
    sitting = TreatmentSession.objects.of_sitting(session.pk)
    zones = Zone.objects.filter(area__in=sitting.values("area")).values_list("code", flat=True)
    devices = sitting.exclude(device=None).values_list("device__model__code", flat=True)
    return sorted(zones), sorted(set(devices))


def _may_sign(message: Message, *, at: datetime) -> bool:
    """For a child a guardian signs, in the clinic."""
    on = message.session.starts_at.astimezone(message.clinic.zone).date()
    age = age_on(message.patient.date_of_birth, on)
    return age is not None and age >= rules_in_effect(at)["age-of-consent"].value


def _shown(text: ConsentText) -> SafeString:
    """With a heading in any case. The words are the clinic's own: only managers write them."""
    headed = text.body if text.body.startswith("# ") else f"# {text.title}\n\n{text.body}"
    return mark_safe(markdown.markdown(headed))  # noqa: S308


def _show(
    request: HttpRequest,
    message: Message,
    text: ConsentText,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    clauses: list[Any] = list(text.clauses.order_by("id"))
    ticked = set(request.POST.getlist("clauses"))
    return show(
        request,
        message,
        "ready_consent",
        status=status,
        problem=problem,
        text=text,
        body=_shown(text),
        clauses=[(clause, clause.code in ticked) for clause in clauses],
        may_sign=_may_sign(message, at=at),
    )
