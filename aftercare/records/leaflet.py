"""The leaflet of a session: its aftercare for home, in the patient's language, from what was done.

The words are those of the page of a day (`texts.course`) and of the texts (`texts.advice`).
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop

from aftercare.replies.contexts import HEALS_FOR
from aftercare.texts import advice, course
from aftercare.texts.values import (
    advice_on_products,
    clinic_values,
    next_visit,
    products_used,
    treated_areas,
    treated_zones,
)
from clinic.errors import Conflict
from clinic.models import Clinic
from clinic.values.languages import override_language
from patients.models import Patient
from sessions.lifecycle import SIGNED, Status
from sessions.models import (
    TOUCHES_SKIN,
    ProductKind,
    SideEffectExpectation,
    TreatmentSession,
    ZoneTreatment,
)

Words = str | Promise
Day = dict[str, Any]


class NothingDone(Conflict):
    code = "nothing_done"
    title = gettext_noop("Nothing was done that needs care at home")


def has_leaflet(session: TreatmentSession) -> bool:
    """Whether skin was touched, and the record is signed."""
    if session.kind not in TOUCHES_SKIN:
        return False
    if session.status == Status.ABORTED:
        sitting = TreatmentSession.objects.of_sitting(session.pk)
        return ZoneTreatment.objects.filter(session__in=sitting).exists()
    return session.status == Status.COMPLETED


def session_of(patient: Patient, *, at: datetime) -> TreatmentSession | None:
    """The newest one that there is a leaflet of, while its skin heals."""
    sessions = TreatmentSession.objects.filter(
        patient=patient,
        patient__archived_at=None,
        kind__in=TOUCHES_SKIN,
        status__in=SIGNED,
        sitting=None,
        starts_at__gt=at - HEALS_FOR,
    ).select_related("clinic", "patient", "area")
    return next(filter(has_leaflet, sessions.order_by("-starts_at", "-id")), None)


def printed(session: TreatmentSession, *, tells_what: bool, at: datetime) -> str:
    """A whole page for paper, in the patient's language.

    Raises NothingDone.
    """
    if not has_leaflet(session):
        raise NothingDone(
            gettext("There is a leaflet once a session is completed, or was begun on skin.")
        )
    with override_language(session.patient.language):
        context = contents(session, tells_what=tells_what, at=at)
        return render_to_string("aftercare/leaflet/print.html", context)


def contents(session: TreatmentSession, *, tells_what: bool, at: datetime) -> dict[str, Any]:
    """In the language that is active. Where and with what is only told if `tells_what`."""
    session = session.sitting or session  # of a sitting one leaflet
    clinic = session.clinic
    visited = session.starts_at.astimezone(clinic.zone).date()
    closer: dict[str, str] = {}
    if tells_what:
        closer = advice.care(*(area.code for area in treated_areas(session)))
    said = [(one.from_day, one.closer, closer.get(one.closer, one.words)) for one in course.CARE]
    begins = [(one.until_day, closer.get(one.closer, one.words)) for one in course.waits(at)]
    return {
        "clinic": clinic,
        "visited": date_format(visited, "VISIT_DATE_FORMAT"),
        "done": _done(session) if tells_what else None,
        "today": [words for day, _, words in said if day == 0],
        "begins": _by_day(begins, visited),
        "sun": _by_day(((day, words) for day, name, words in said if name == "sun"), visited),
        "later": _by_day(((day, words) for day, name, words in said if day and not name), visited),
        "normal": _normal(at),
        "opening_hours": _opening_hours(clinic),
        "next_visit": next_visit(session.patient, clinic, at=at),
    }


def _done(session: TreatmentSession) -> dict[str, Any]:
    named = products_used(session)
    values = clinic_values(session.clinic, is_sms=False)
    return {
        "is_aborted": session.status == Status.ABORTED,
        "zones": treated_zones(session),
        "numbing": ", ".join(named.get(ProductKind.ANAESTHETIC, [])),
        "serum": ", ".join(named.get(ProductKind.SERUM, [])),
        "warnings": [words for words in advice_on_products(values, set(named)).values() if words],
    }


def _by_day(lines: Iterable[tuple[int, Words]], visited: date) -> list[Day]:
    """What is said from which day on, the first day first; nothing twice."""
    days: dict[int, list[Words]] = {}
    told: set[str] = set()
    for day, words in sorted(lines, key=lambda line: line[0]):
        if str(words) not in told:
            told.add(str(words))
            days.setdefault(day, []).append(words)
    return [
        {
            "number": number,
            "date": date_format(visited + timedelta(days=number), "VISIT_DATE_FORMAT"),
            "lines": lines_of_day,
        }
        for number, lines_of_day in days.items()
    ]


def _normal(at: datetime) -> list[tuple[Words, int | None]]:
    """What to expect, and the last day of it by the catalogue that is in effect."""
    expected = SideEffectExpectation.objects.in_effect(at)
    hours = dict(expected.values_list("kind", "expected_until_hours"))
    return [
        (one.words, -(-until // 24) if (until := hours.get(one.kind)) else None)
        for one in course.NORMAL
    ]


def _opening_hours(clinic: Clinic) -> list[tuple[Words, str]]:
    """By weekday, on the clinic's clock."""
    days: dict[int, list[str]] = {}
    for stretch in clinic.opening_hours.all():
        closes = "24:00" if stretch.closes_at == time(0) else f"{stretch.closes_at:%H:%M}"
        days.setdefault(stretch.weekday, []).append(f"{stretch.opens_at:%H:%M}–{closes}")
    return [(WEEKDAYS[day], ", ".join(stretches)) for day, stretches in days.items()]
