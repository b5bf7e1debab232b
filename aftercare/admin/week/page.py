"""The page “Week”: practitioners by days, or rooms by days, with what is held, off and closed."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.admin.today.board import people_of
from aftercare.admin.today.days import read_day
from aftercare.admin.today.undo import undo_bar
from clinic.admin.forms.clocks import clinics_of
from clinic.admin.words import Tone
from clinic.audit.subjects import about
from clinic.models import Clinic, Closure, Room, TimeOff, User
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.wallclock import day_bounds
from clinic.values.zones import clock_of
from sessions.admin.sessions import STATUS_COLOURS
from sessions.lifecycle import NEXT, Status
from sessions.models import Hold, TreatmentSession

DAYS = 7
PEOPLE, ROOMS = "people", "rooms"
NOWHERE = _("Without a room")


@dataclass(frozen=True)
class Day:
    """One day of the clinic, and why nobody treats on it, if so."""

    day: date
    start: datetime
    end: datetime
    closed: str = ""
    is_today: bool = False


@dataclass(frozen=True)
class Entry:
    """A visit, or a time that is held, in a cell."""

    begins: str
    ends: str
    starts_at: datetime
    session: TreatmentSession | None = None
    hold: Hold | None = None
    tone: Tone = ""
    may_move: bool = False
    beside: str = ""  # the room of who is looked at, or who is in the room


@dataclass
class Cell:
    """What somebody has, or what is in a room, on one day."""

    day: Day
    entries: list[Entry] = field(default_factory=list)
    away: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A practitioner or a room."""

    name: str
    cells: list[Cell]
    person: UUID | None = None  # of a practitioner's


@about(TreatmentSession)
def week(request: HttpRequest) -> HttpResponse:
    """A fixed number of statements, one of them for the visits."""
    if not request.user.has_perm("treatment_sessions.view_treatmentsession"):
        raise PermissionDenied
    user, at = actor(request), timezone.now()
    here = clinics_of(user)
    text = request.GET.get("day", "")
    asked = read_day(text, at=at) if text else None
    clinic = next((one for one in here if str(one.pk) == request.GET.get("clinic")), None)
    clinic = clinic or (here[0] if here else None)
    by = ROOMS if request.GET.get("by") == ROOMS else PEOPLE
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Week"),
        "no_day": text if text and asked is None else "",
        "clinic": clinic,
        "by": by,
        **undo_bar(user, request.get_full_path(), at),
    }
    if clinic:
        today = at.astimezone(clinic.zone).date()
        day = asked or today
        monday = day - timedelta(days=day.weekday())
        context |= _links(clinic, monday, by, today=today, several=here)
        context |= _read(user, clinic, monday, by, today=today, at=at)
    return TemplateResponse(request, "aftercare/admin/week.html", context)


def _links(
    clinic: Clinic, monday: date, by: str, *, today: date, several: list[Clinic]
) -> dict[str, Any]:
    def to(**changed: str) -> str:
        kept = {"day": monday.isoformat(), "by": by, "clinic": str(clinic.pk)} | changed
        return f"{reverse('week')}?{urlencode(kept)}"

    return {
        "here": to(),
        "before": to(day=(monday - timedelta(days=DAYS)).isoformat()),
        "after": to(day=(monday + timedelta(days=DAYS)).isoformat()),
        "this_week": to(day=today.isoformat()),
        "is_this_week": monday <= today < monday + timedelta(days=DAYS),
        "to_people": to(by=PEOPLE),
        "to_rooms": to(by=ROOMS),
        "clinics": [(one, to(clinic=str(one.pk))) for one in several] if several[1:] else [],
    }


def _read(
    user: User, clinic: Clinic, monday: date, by: str, *, today: date, at: datetime
) -> dict[str, Any]:
    dates = [monday + timedelta(days=number) for number in range(DAYS)]
    bounds = [(day, *day_bounds(day, clinic.zone)) for day in dates]
    span: dict[str, Any] = {"starts_at__lt": bounds[-1][2], "ends_at__gt": bounds[0][1]}
    closures = list(Closure.objects.visible_to(user).filter(clinic=clinic, **span))
    days = [
        Day(day, start, end, _said(closures, start, end, gettext("Closed"), clinic), day == today)
        for day, start, end in bounds
    ]
    rows = TreatmentSession.objects.visible_to(user).filter(clinic=clinic, sitting=None, **span)
    visits = (
        rows.exclude(status__in=(Status.CANCELLED, Status.NO_SHOW))
        .select_related("patient", "practitioner", "room", "area", "visit_type")
        .order_by("starts_at", "pk")
    )
    holds = Hold.objects.live(at).filter(clinic=clinic, **span)
    may = user.has_perm("treatment_sessions.change_treatmentsession")
    entries: dict[Any, list[Entry]] = defaultdict(list)
    for visit in visits:
        entries[_key(visit, by)].append(_entry(clinic, by, visit=visit, may=may))
    for hold in holds.select_related("practitioner", "room").order_by("starts_at", "pk"):
        entries[_key(hold, by)].append(_entry(clinic, by, hold=hold))
    names, away = _names(user, clinic, by, span)
    for found in entries.values():  # of who no longer treats here, or a room out of use
        for entry in found:
            row = entry.session or entry.hold
            names.setdefault(_key(row, by), str(getattr(row, _whose(by)) or NOWHERE))
    lines = [
        Line(
            name,
            [_cell(one, entries.get(key, []), away.get(key, []), clinic) for one in days],
            key if by == PEOPLE else None,
        )
        for key, name in names.items()
    ]
    return {"days": days, "lines": lines, "clock": clock_of(clinic.zone)}


def _whose(by: str) -> str:
    return "room" if by == ROOMS else "practitioner"


def _key(row: Any, by: str) -> UUID | None:
    found: UUID | None = getattr(row, f"{_whose(by)}_id")
    return found


def _names(
    user: User, clinic: Clinic, by: str, span: dict[str, Any]
) -> tuple[dict[Any, str], dict[Any, list[TimeOff]]]:
    """Who or what has a line even if nothing is on it; and who is off when."""
    if by == ROOMS:
        rooms = Room.objects.visible_to(user).filter(clinic=clinic, is_active=True)
        return {room.pk: room.name for room in rooms.order_by("name", "pk")}, {}
    off: dict[Any, list[TimeOff]] = defaultdict(list)
    for one in TimeOff.objects.visible_to(user).filter(**span).order_by("starts_at", "pk"):
        off[one.practitioner_id].append(one)
    people = [one for one in people_of(user) if clinic.pk in one.clinic_ids]
    return {one.pk: str(one) for one in people}, off


def _entry(
    clinic: Clinic,
    by: str,
    *,
    visit: TreatmentSession | None = None,
    hold: Hold | None = None,
    may: bool = False,
) -> Entry:
    row: Any = visit or hold
    beside = row.practitioner if by == ROOMS else row.room
    return Entry(
        f"{row.starts_at.astimezone(clinic.zone):%H:%M}",
        f"{row.ends_at.astimezone(clinic.zone):%H:%M}",
        row.starts_at,
        session=visit,
        hold=hold,
        tone=STATUS_COLOURS[Status(visit.status)] if visit else "warning",
        may_move=bool(visit and may and Status.CANCELLED in NEXT[visit.status]),
        beside=str(beside or ""),
    )


def _cell(day: Day, entries: list[Entry], off: list[TimeOff], clinic: Clinic) -> Cell:
    here = [one for one in entries if day.start <= one.starts_at < day.end]
    away = _said(off, day.start, day.end, gettext("Off"), clinic)
    return Cell(day, sorted(here, key=lambda one: one.starts_at), [away] if away else [])


def _said(spans: list[Any], start: datetime, end: datetime, word: str, clinic: Clinic) -> str:
    """“Closed from 14:00: repairs”, of what touches the day."""
    found = []
    for span in spans:
        if span.starts_at >= end or span.ends_at <= start:
            continue
        when = ""
        if span.starts_at > start:
            when += gettext(" from {time}").format(
                time=date_in_words(span.starts_at.astimezone(clinic.zone), "H:i")
            )
        if span.ends_at < end:
            when += gettext(" until {time}").format(
                time=date_in_words(span.ends_at.astimezone(clinic.zone), "H:i")
            )
        found.append(f"{word}{when}" + (f": {span.reason}" if span.reason else ""))
    return "; ".join(found)
