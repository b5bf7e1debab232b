"""The short texts that answer a reply by SMS at once: each in one part of 160 GSM-7 characters.

To stay so short they are folded, accents of words and all.
"""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from aftercare.texts import gsm7
from clinic.models import Clinic
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from clinic.values.zones import whose_clock
from patients.models import Patient

TEXTS = {
    "stop": _(
        "{clinic}: you will get no more texts from us. Questions? Call {phone}. "
        "Reply START to get texts again."
    ),
    # The law reads CANCEL as an opt-out; the appointment may be meant (docs/messages.md).
    "cancel": _(
        "{clinic}: no more texts to this number. Your appointment is NOT cancelled: "
        "to change it, call {phone}. START brings texts back."
    ),
    "start": _(
        "{clinic}: texts to this number are on again. Reply STOP to end them, HELP for help."
    ),
    "help": _(
        "{clinic}: for help call {phone}, in an emergency {emergency}. Reply STOP to end these "
        "texts."
    ),
    "confirm": _("{clinic}: thank you, {date} at {time} is confirmed."),
    "change": _(
        "{clinic}: the desk will contact you about another time. Until then your "
        "appointment stays as it is. Or call {phone}."
    ),
}
# Where nobody can tell which clinic a number belongs to, there is no number to name.
WITHOUT_CLINIC = {
    "stop": _("You will get no more texts from us. Reply START to get texts again."),
    "cancel": _(
        "You will get no more texts from us. An appointment is NOT cancelled by this: please "
        "call your clinic. START brings texts back."
    ),
    "start": _("Texts to this number are on again. Reply STOP to end them, HELP for help."),
    "help": _("For help please call your clinic. Reply STOP to end these texts."),
    "change": _("Please call your clinic about another time. Your appointment stays as it is."),
}


def answer(kind: str, *, clinic: Clinic | None, language: str) -> str:
    """The text of one answer, in the language if there is one, else in English."""
    with override_language(language):
        if clinic is None:
            return gsm7.fold_to_gsm7(str(WITHOUT_CLINIC[kind]))
        return _fill(kind, clinic)


def confirmed(*, patient: Patient, starts_at: datetime) -> str:
    """That an appointment is confirmed, with its time on the clinic's clock."""
    zone = patient.clinic.zone
    local = starts_at.astimezone(zone)
    with override_language(patient.language):
        return _fill(
            "confirm",
            patient.clinic,
            date=date_format(local, "VISIT_DATE_FORMAT"),
            time=f"{local:%H:%M}{whose_clock(zone, patient.zone)}",
        )


def _fill(kind: str, clinic: Clinic, **values: str) -> str:
    phone = clinic.phone.as_international
    text = str(TEXTS[kind]).format(
        clinic=discreet_name(clinic.short_name, phone),
        phone=phone,
        emergency=clinic.emergency_phone,
        **values,
    )
    return gsm7.fold_to_gsm7(text)
