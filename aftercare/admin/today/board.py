"""The board: for each clinic a column for each practitioner, with the visits of the day in it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext

from aftercare.admin.today.days import ClinicDay
from aftercare.admin.today.visits import Visit, cancelled_on, visits_of
from clinic.models import Clinic, Closure, Role, TimeOff, User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import iso_utc
from sessions.lifecycle import WaitlistStatus
from sessions.models import Kind, Mode, VisitType, WaitlistEntry
from sessions.scheduling.availability import offers
from sessions.scheduling.wanted import VisitRequest

LOOKS_AHEAD = timedelta(days=31)


@dataclass
class Column:
    """One practitioner's day."""

    person: User
    visits: list[Visit] = field(default_factory=list)
    away: str = ""


@dataclass
class ClinicBoard:
    """One clinic's day."""

    of: ClinicDay
    columns: list[Column]
    cancelled: int = 0
    closed: str = ""
    next_free: dict[str, str] = field(default_factory=dict)
    offers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def visits(self) -> int:
        return sum(len(column.visits) for column in self.columns)


def read_boards(
    user: User, days: list[ClinicDay], *, only: User | None, at: datetime
) -> list[ClinicBoard]:
    """Takes a fixed number of statements for each clinic, however many visits there are."""
    if not days:
        return []
    visits = visits_of(user, days, at=at)
    cancelled = cancelled_on(user, days)
    people = people_of(user)
    away, closed = _absences(user, days)
    offered = _offered(user)
    free = _next_free(user, days, at=at)
    boards = []
    for one in days:
        here = [visit for visit in visits if visit.session.clinic_id == one.clinic.pk]
        columns = _columns(one.clinic, here, people, only)
        for column in columns:
            column.away = away.get((column.person.pk, one.clinic.pk), "")
        boards.append(
            ClinicBoard(
                one,
                columns,
                cancelled=cancelled.get(one.clinic.pk, 0),
                closed=closed.get(one.clinic.pk, ""),
                next_free=free.get(one.clinic.pk, {}),
                offers=[
                    _offer(entry, one) for entry in offered if entry.clinic_id == one.clinic.pk
                ],
            )
        )
    return boards


def people_of(user: User) -> list[User]:
    """Who treats where the caller works."""
    rows = User.objects.visible_to(user).practitioners().order_by("last_name", "username")
    return list(rows.prefetch_related(Prefetch("clinics", Clinic.objects.only("pk"))))


def _columns(
    clinic: Clinic, visits: list[Visit], people: list[User], only: User | None
) -> list[Column]:
    """Whoever treats here, and whoever has a visit here although they no longer do."""
    columns = {person.pk: Column(person) for person in people if clinic.pk in person.clinic_ids}
    for visit in visits:
        person = visit.session.practitioner
        columns.setdefault(person.pk, Column(person)).visits.append(visit)
    return [column for pk, column in columns.items() if only is None or pk == only.pk]


def _absences(
    user: User, days: list[ClinicDay]
) -> tuple[dict[tuple[Any, Any], str], dict[Any, str]]:
    """Who is off, and which clinic is closed, at some time of its day."""
    first, last = min(one.start for one in days), max(one.end for one in days)
    spans: dict[str, Any] = {"starts_at__lt": last, "ends_at__gt": first}
    off = list(TimeOff.objects.visible_to(user).filter(**spans))
    shut = list(Closure.objects.visible_to(user).filter(**spans))
    away = {
        (span.practitioner_id, one.clinic.pk): _span(gettext("Off"), span, one)
        for one in days
        for span in off
        if span.starts_at < one.end and span.ends_at > one.start
    }
    closed = {
        one.clinic.pk: _span(gettext("Closed"), span, one)
        for one in days
        for span in shut
        if span.clinic_id == one.clinic.pk and span.starts_at < one.end and span.ends_at > one.start
    }
    return away, closed


def _span(word: str, span: TimeOff | Closure, one: ClinicDay) -> str:
    """“Off until 14:00: Congress”."""
    zone, when = one.clinic.zone, ""
    if span.starts_at > one.start:
        when += gettext(" from {time}").format(
            time=date_in_words(span.starts_at.astimezone(zone), "H:i")
        )
    if span.ends_at < one.end:
        when += gettext(" until {time}").format(
            time=date_in_words(span.ends_at.astimezone(zone), "H:i")
        )
    return f"{word}{when or ' all day'}" + (f": {span.reason}" if span.reason else "")


def _offered(user: User) -> list[WaitlistEntry]:
    """Times that are kept for somebody on the waitlist, whom nobody has called yet."""
    rows = WaitlistEntry.objects.visible_to(user).filter(status=WaitlistStatus.OFFERED)
    return list(
        rows.select_related("clinic", "patient", "visit_type", "offered_practitioner").order_by(
            "offer_expires_at", "id"
        )
    )


def _offer(entry: WaitlistEntry, one: ClinicDay) -> dict[str, Any]:
    zone = one.clinic.zone
    starts, expires = entry.offered_starts_at, entry.offer_expires_at
    return {
        "entry": entry,
        "starts": date_in_words(starts.astimezone(zone), "D j M, H:i") if starts else "",
        "expires": f"{expires.astimezone(zone):%H:%M}" if expires else "",
    }


def _next_free(user: User, days: list[ClinicDay], *, at: datetime) -> dict[Any, dict[str, str]]:
    """For each clinic the first time for somebody who asks for one: a consultation in person."""
    if not user.has_perm("treatment_sessions.add_treatmentsession"):
        return {}
    rows = VisitType.objects.visible_to(user).filter(
        kind=Kind.CONSULTATION, mode=Mode.IN_PERSON, is_active=True
    )
    ordered = rows.select_related("clinic").prefetch_related("rooms").order_by("-name", "-id")
    kinds = {kind.clinic_id: kind for kind in ordered}  # the first name is the last one set
    found = {}
    for one in days:
        if one.clinic.pk in kinds and one.end > at:
            found[one.clinic.pk] = _first(kinds[one.clinic.pk], one, at=at)
    return found


def _first(kind: VisitType, one: ClinicDay, *, at: datetime) -> dict[str, str]:
    """One statement, and not `first_free`, which may need several."""
    slots = offers(
        wanted=VisitRequest(kind),
        first=one.day,
        last=one.day + LOOKS_AHEAD,
        practitioner_id=None,
        at=at,
        not_before=one.start,
        limit=1,
    )
    if not slots:
        return {"kind": kind.name, "when": ""}
    local = slots[0].starts_at.astimezone(one.clinic.zone)
    when = f"{local:%H:%M}" if local.date() == one.day else date_in_words(local, "D j M, H:i")
    asked = {
        "visit_type": str(kind.pk),
        "practitioner": str(slots[0].practitioner_id),
        "starts_at": iso_utc(local),
    }
    address = f"{reverse('admin:patients_patient_new_caller')}?{urlencode(asked)}"
    return {"kind": kind.name, "when": when, "address": address}


def sees_board(user: User) -> bool:
    return user.has_perm("treatment_sessions.view_treatmentsession")


def treats(user: User) -> bool:
    return user.role == Role.PRACTITIONER
