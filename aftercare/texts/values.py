"""What the variables of a text say in one message: read of the session, its patient and clinic."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from phonenumber_field.phonenumber import to_python

from aftercare.models import Message
from aftercare.models.course import concerned, days_until_next
from aftercare.texts import advice, answers, gsm7, links
from aftercare.texts.variables import PRODUCTS, areas_in_words, zones_in_words
from clinic.models import Clinic
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from clinic.values.zones import whose_clock
from patients.models import Area, Channel, Condition, Patient, ScreeningAnswer, Zone
from sessions.lifecycle import UPCOMING, Status
from sessions.models import (
    Mode,
    ProductKind,
    ProductUse,
    TreatmentPlan,
    TreatmentSession,
    TreatmentSessionQuerySet,
    ZoneTreatment,
)
from sessions.scheduling.courses import courses_of


def values_of(message: Message, *, language: str, names: Collection[str]) -> dict[str, Any]:
    """What the variables say in this message. Reads the chart only for texts that tell of it."""
    with override_language(language):
        return _values_of(message, language, names)


def _values_of(message: Message, language: str, names: Collection[str]) -> dict[str, Any]:
    session, patient = message.session, message.patient
    zone = message.clinic.zone
    local = session.starts_at.astimezone(zone)
    is_sms = message.channel == Channel.SMS
    form = "VISIT_DATE_SMS_FORMAT" if is_sms else "VISIT_DATE_FORMAT"
    values: dict[str, Any] = {
        **clinic_values(message.clinic, is_sms=is_sms),
        "given_name": patient.called,
        "link": links.main_page(message),
        "preferences_link": links.settings_page(message),
        "not_me_link": links.not_me(message),
        "date": _date(local.date(), form, language),
        "time": f"{local:%H:%M}{whose_clock(zone, patient.zone)}",
    }
    if is_sms:
        values["time"] = gsm7.fold_to_gsm7(values["time"])
    if "answer" in names:
        values["answer"] = answers.words_of(message)
    if {"old_date", "old_time"} & set(names):
        old = (session.rescheduled_from or session).starts_at.astimezone(zone)
        values["old_date"] = _date(old.date(), "VISIT_DATE_FORMAT", language)
        values["old_time"] = f"{old:%H:%M}"
    if "new_time" in names:
        later = local + timedelta(minutes=session.delayed_minutes or 0)
        values["new_time"] = f"{later:%H:%M}"
    if "please_confirm" in names:
        is_open = session.status == Status.BOOKED
        values["please_confirm"] = (
            gettext("Please confirm") if is_open else gettext("Your appointment")
        )
    if {"areas", "next_date"} & set(names):
        values |= _of_courses(message, local, language)
    if "days_since" in names:
        today = message.due_at.astimezone(zone).date()
        values["days_since"] = (today - local.date()).days
    if "zones" in names:
        values["zones"] = treated_zones(session)
    if {"numbing", "serum"} & set(names):
        uses = ProductUse.objects.filter(session__in=_sitting(session))
        values |= advice_on_products(values, set(uses.values_list("product__kind", flat=True)))
    if advice.CARE.keys() & set(names):
        values |= advice.care(*(area.code for area in treated_areas(session)))
    if "home_care" in names:
        plans = TreatmentPlan.objects.filter(sessions__in=_sitting(session))
        agreed = plans.values_list("home_care", flat=True)
        values["home_care"] = advice.home_care({code for codes in agreed for code in codes})
    if "meeting" in names:
        values["meeting"] = meeting(session)
    if "antiviral" in names:
        values["antiviral"] = antiviral(session, patient, message.clinic)
    return values


def _of_courses(message: Message, local: datetime, language: str) -> dict[str, str]:
    """The areas that the message is about, and when their next session is due."""
    step, session = message.step, message.session
    courses = courses_of([session.pk]).get(session.pk, [])
    days = days_until_next(step, session, courses)
    return {
        "areas": areas_in_words([course.area for course in concerned(step, session, courses)]),
        "next_date": _date((local + timedelta(days=days)).date(), "VISIT_DATE_FORMAT", language),
    }


def meeting(session: TreatmentSession) -> str:
    """How to meet where nobody comes; empty for who does."""
    match session.mode:
        case Mode.VIDEO:
            return gettext("By video: %(address)s") % {"address": session.video_url}
        case Mode.PHONE:
            return gettext("We call you then: there is no need to come.")
    return ""


def advice_on_products(values: Mapping[str, str], used: Collection[str]) -> dict[str, str]:
    """What to watch for after what was put on the skin."""
    numbed, serum = ProductKind.ANAESTHETIC in used, ProductKind.SERUM in used
    return {
        "numbing": advice.NUMBING.format(phone=values["emergency_phone"]) if numbed else "",
        "serum": advice.SERUM.format(phone=values["clinic_phone"]) if serum else "",
    }


@lru_cache(maxsize=1024)
def _date(day: date, form: str, language: str) -> str:
    with override_language(language):
        return date_format(day, form)


@lru_cache(maxsize=1024)
def _phone(number: str) -> tuple[str, str, str]:
    """A number to be read, to be dialled, and as it is shown otherwise."""
    phone = to_python(number)
    return phone.as_international, phone.as_e164, str(phone)


def clinic_values(clinic: Clinic, *, is_sms: bool) -> dict[str, str]:
    """What the variables say of the clinic."""
    phone, tel, as_typed = _phone(clinic.phone.raw_input or str(clinic.phone))
    short = discreet_name(clinic.short_name, as_typed)
    return {
        "clinic": clinic.name,
        "clinic_short": gsm7.fold_to_gsm7(short) if is_sms else short,
        "clinic_phone": phone,
        "clinic_tel": tel,
        "clinic_email": clinic.email,
        "clinic_address": clinic.address,
        "emergency_phone": clinic.emergency_phone,
        "emergency_tel": re.sub(r"[^0-9+]", "", clinic.emergency_phone),
    }


def _sitting(session: TreatmentSession) -> TreatmentSessionQuerySet:
    return TreatmentSession.objects.of_sitting(session.pk)


def treated_areas(session: TreatmentSession) -> list[Area]:
    """What is treated: of a sitting all areas that are not left out."""
    further = session.further_areas.exclude(status=Status.CANCELLED).select_related("area")
    rows = [session, *further.order_by("pk")]
    return [row.area for row in rows if row.area]


def treated_zones(session: TreatmentSession) -> str:
    """In the words of the language that is active."""
    treated = ZoneTreatment.objects.filter(session__in=_sitting(session))
    treated = treated.order_by("created_at", "pk")
    return zones_in_words(list(treated.values_list("zone__code", "zone__name")))


def products_used(session: TreatmentSession) -> dict[str, list[str]]:
    """The names of what was put on the skin, by its kind, in the language that is active."""
    used = ProductUse.objects.filter(session__in=_sitting(session)).order_by("product__name")
    named: dict[str, list[str]] = {}
    codes = used.values_list("product__kind", "product__code", "product__name").distinct()
    for kind, code, name in codes:
        named.setdefault(kind, []).append(str(PRODUCTS.get(code, name)))
    return named


def next_visit(patient: Patient, clinic: Clinic, *, at: datetime) -> str:
    """When the patient comes next, on the clinic's clock."""
    visits = TreatmentSession.objects.filter(
        patient=patient, status__in=UPCOMING, starts_at__gt=at, sitting=None
    )
    starts_at = visits.order_by("starts_at").values_list("starts_at", flat=True).first()
    if starts_at is None:
        return ""
    local = starts_at.astimezone(clinic.zone)
    return f"{date_format(local, 'VISIT_DATE_FORMAT')}, {local:%H:%M}"


def antiviral(session: TreatmentSession, patient: Patient, clinic: Clinic) -> str:
    """What to do against cold sores before the session; empty for whom it does not concern."""
    if not session.area_id or not _had_cold_sores(patient):
        return ""
    if Zone.objects.filter(area__in=treated_areas(session), near_mouth=True).exists():
        return advice.ANTIVIRAL.format(phone=clinic.phone.as_international)
    return ""


def _had_cold_sores(patient: Patient) -> bool:
    """By the record, or by the newest answer to the question about them."""
    if patient.cold_sore_history:
        return True
    answers = ScreeningAnswer.objects.filter(
        screening__patient=patient, rule__condition=Condition.NEAR_MOUTH
    )
    newest = answers.order_by("-screening__taken_at", "-screening_id").values_list("answer")[:1]
    return any(answer for (answer,) in newest)
