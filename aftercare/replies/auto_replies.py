"""The short texts that answer a reply by SMS at once: each in one part of 160 GSM-7 characters.

To stay so short they are folded, accents of words and all.
"""

from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format

from aftercare.texts import gsm7
from clinic.models import Clinic
from clinic.values.discretion import discreet_name
from clinic.values.zones import whose_clock
from patients.models import Patient

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "stop": "{clinic}: you will get no more texts from us. Questions? Call {phone}. "
        "Reply START to get texts again.",
        # The law reads CANCEL as an opt-out; the appointment may be meant (docs/messages.md).
        "cancel": "{clinic}: no more texts to this number. Your appointment is NOT cancelled: "
        "to change it, call {phone}. START brings texts back.",
        "start": "{clinic}: texts to this number are on again. Reply STOP to end them, HELP for "
        "help.",
        "help": "{clinic}: for help call {phone}, in an emergency {emergency}. Reply STOP to end "
        "these texts.",
        "confirm": "{clinic}: thank you, {date} at {time} is confirmed.",
        "change": "{clinic}: the desk will contact you about another time. Until then your "
        "appointment stays as it is. Or call {phone}.",
    },
    "es": {
        "stop": "{clinic}: no le enviaremos más mensajes. ¿Preguntas? Llame al {phone}. "
        "Responda START para recibirlos de nuevo.",
        "cancel": "{clinic}: no le enviaremos más SMS. Su cita NO está cancelada: para cambiarla, "
        "llame al {phone}. START los activa otra vez.",
        "start": "{clinic}: este número vuelve a recibir mensajes. Responda STOP para no recibir "
        "más, AYUDA para ayuda.",
        "help": "{clinic}: para ayuda llame al {phone}, en una emergencia al {emergency}. Responda "
        "STOP para no recibir más SMS.",
        "confirm": "{clinic}: gracias, su cita del {date} a las {time} está confirmada.",
        "change": "{clinic}: recepción le contactará para buscar otra hora. Hasta entonces su cita "
        "no cambia. O llame al {phone}.",
    },
}
# Where nobody can tell which clinic a number belongs to, there is no number to name.
WITHOUT_CLINIC = {
    "stop": "You will get no more texts from us. Reply START to get texts again.",
    "cancel": "You will get no more texts from us. An appointment is NOT cancelled by this: please "
    "call your clinic. START brings texts back.",
    "start": "Texts to this number are on again. Reply STOP to end them, HELP for help.",
    "help": "For help please call your clinic. Reply STOP to end these texts.",
    "change": "Please call your clinic about another time. Your appointment stays as it is.",
}
DATE_FORMATS = {"en": "l j F", "es": "l j \\d\\e F"}


def answer(kind: str, *, clinic: Clinic | None, language: str) -> str:
    """The text of one answer, in the language if there is one, else in English."""
    if clinic is None:
        return WITHOUT_CLINIC[kind]
    return _fill(kind, clinic, language)


def confirmed(*, patient: Patient, starts_at: datetime) -> str:
    """That an appointment is confirmed, with its time on the clinic's clock."""
    language = patient.language if patient.language in TEXTS else "en"
    zone = patient.clinic.zone
    local = starts_at.astimezone(zone)
    with translation.override(language):
        return _fill(
            "confirm",
            patient.clinic,
            language,
            date=date_format(local, DATE_FORMATS[language]),
            time=f"{local:%H:%M}{whose_clock(zone, patient.zone, language)}",
        )


def _fill(kind: str, clinic: Clinic, language: str, **values: str) -> str:
    phone = clinic.phone.as_international
    text = TEXTS.get(language, TEXTS["en"])[kind].format(
        clinic=discreet_name(clinic.short_name, phone),
        phone=phone,
        emergency=clinic.emergency_phone,
        **values,
    )
    return gsm7.fold_to_gsm7(text)
