"""The short texts that answer a reply by SMS at once: each in one part of 160 GSM-7 characters.

To stay so short they are folded, accents of words and all.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.replies.promise import in_words, read_by
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
    # To an opt-out while the skin heals: what the texts would have said.
    "stop_healing": _(
        "{clinic}: no more texts. Worse, pus, fever: call {phone}. Hard to breathe, lips or tongue "
        "swell: {emergency}. START: texts again."
    ),
    "cancel_healing": _(
        "{clinic}: no more texts. Your visit is NOT cancelled: call {phone}. Hard to breathe, lips "
        "or tongue swell: {emergency}. START: texts again."
    ),
    "emergency": _("{clinic}: call {emergency} now, do not wait for us. We have told our team."),
    "urgent": _(
        "{clinic}: please call us now: {phone}. We have told a clinician. Worse, hard to breathe, "
        "lips or tongue swell: {emergency}."
    ),
    "healing": _(
        "{clinic}: a person reads this by {read_by}. Worse, pus, fever: call {phone}. Hard to "
        "breathe, lips or tongue swell: {emergency}."
    ),
    "healing_visit": _(
        "{clinic}: we got this. Your visit stays until we call. Worse, pus, fever: {phone}. Hard "
        "to breathe, lips or tongue swell: {emergency}."
    ),
    "healing_thanks": _(
        "{clinic}: thank you. Worse, pus, fever: call {phone}. Hard to breathe, lips or tongue "
        "swell: {emergency}."
    ),
    "cancel_wanted": _(
        "{clinic}: the desk knows that you cannot come and will contact you. Until then your visit "
        "stays booked. Or call {phone}."
    ),
    "late": _("{clinic}: thank you, the desk knows that you are late. Call {phone} if you can."),
    "received": _(
        "{clinic}: a person reads this by {read_by}. Sooner: call {phone}, in an emergency "
        "{emergency}."
    ),
    "link": _("{clinic}: we cannot see pictures here. Write to us: {link} or call {phone}"),
    "no_link": _(
        "{clinic}: we cannot see pictures here. Please call {phone}, in an emergency {emergency}."
    ),
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
    "emergency": _("Call the emergency number now. Do not wait for us."),
    "urgent": _(
        "Please call your clinic now. Hard to breathe, lips or tongue swell: call the emergency "
        "number."
    ),
    "healing": _(
        "A person reads this. Worse, pus, fever: call your clinic. Hard to breathe, lips or tongue "
        "swell: call the emergency number."
    ),
    "change": _("Please call your clinic about another time. Your appointment stays as it is."),
}


# What one answer stands in for: graver ones are sent although a lesser one has just gone out.
GRAVITY = {
    **{"received": 1, "link": 1, "no_link": 1, "late": 1, "cancel_wanted": 2, "healing_thanks": 2},
    **{"healing": 3, "healing_visit": 4, "urgent": 5, "emergency": 6},
}


def answer(kind: str, *, clinic: Clinic | None, language: str, at: datetime, link: str = "") -> str:
    """The text of one answer, in the language if there is one, else in English."""
    with override_language(language):
        if clinic is None:
            return gsm7.fold_to_gsm7(str(WITHOUT_CLINIC[_without_clinic(kind)]))
        promise = (
            in_words(read_by(clinic, at), clinic, at) if "{read_by}" in str(TEXTS[kind]) else ""
        )
        return _fill(kind, clinic, read_by=promise, link=link)


def _without_clinic(kind: str) -> str:
    known = {
        "stop_healing": "stop",
        "cancel_healing": "cancel",
        "cancel_wanted": "change",
        "late": "change",
    }
    kind = known.get(kind, kind)
    return kind if kind in WITHOUT_CLINIC else "healing"


def which(messages: Sequence[Message], *, clinic: Clinic, language: str) -> str:
    """Which of several visits is meant: “1 for Sun 17:15, 2 for Sun 17:30”. As short as it must be
    for one SMS: with the date if there is room."""
    with override_language(language):
        phone = clinic.phone.as_international
        name = discreet_name(clinic.short_name, phone)
        starts = [one.session.starts_at.astimezone(clinic.zone) for one in messages]
        for form in ("VISIT_DATE_SMS_FORMAT", "j M", "D"):
            visits = ", ".join(
                gettext("{number} for {day} {time}").format(
                    number=number, day=date_format(start, form), time=f"{start:%H:%M}"
                )
                for number, start in enumerate(starts, 1)
            )
            text = gettext("{clinic}: which visit? Reply {visits}.")
            sms = gsm7.fold_to_gsm7(text.format(clinic=name, visits=visits))
            if gsm7.parts(sms) == 1:
                break
        return sms


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
