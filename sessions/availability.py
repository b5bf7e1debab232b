"""When a clinic is open, and which times it can offer."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from clinic.models import Clinic, Device, Room, User
from clinic.wallclock import day_bounds, instant
from sessions.models import ProtocolVersion, TreatmentPlan, TreatmentSession
from sessions.spacing import recovered_at

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class Slot:
    """A time that can be booked now, with the people and things that are free then."""

    starts_at: datetime
    ends_at: datetime
    practitioner: User
    room: Room
    device: Device


def open_stretches(clinic: Clinic, first: date, last: date) -> list[Stretch]:
    """When the clinic is open from `first` to `last` (local days, both included), as instants.

    Blocks that touch are joined, over midnight too.
    """
    hours = list(clinic.opening_hours.all())
    stretches: list[Stretch] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for block in hours:
            if block.weekday != day.weekday():
                continue
            opens = instant(day, block.opens_at, clinic.zone)
            midnight = block.closes_at.hour == block.closes_at.minute == 0
            closes_on = day + timedelta(days=1) if midnight else day
            closes = instant(closes_on, block.closes_at, clinic.zone)
            if stretches and stretches[-1][1] >= opens:
                stretches[-1] = (stretches[-1][0], max(closes, stretches[-1][1]))
            else:
                stretches.append((opens, closes))
    return stretches


def is_open(clinic: Clinic, start: datetime, end: datetime) -> bool:
    """Whether the clinic is open during all of [start, end)."""
    first = start.astimezone(clinic.zone).date()
    last = end.astimezone(clinic.zone).date()
    return any(
        opens <= start and end <= closes for opens, closes in open_stretches(clinic, first, last)
    )


def free_slots(
    *,
    plan: TreatmentPlan,
    protocol: ProtocolVersion,
    first: date,
    last: date,
    practitioner: User | None,
    at: datetime,
) -> list[Slot]:
    """The times from `first` to `last` (local days, both included) for the plan's next session by
    this version of its protocol.

    With everyone who treats at the clinic, or with one practitioner. Nothing before `at`.
    """
    clinic = plan.clinic
    staff = User.objects.practitioners().filter(clinics=clinic).order_by("pk")
    practitioners = [practitioner] if practitioner else list(staff)
    rooms = list(clinic.rooms.filter(is_active=True).order_by("name"))
    devices = list(clinic.devices.filter(is_active=True).order_by("serial"))
    window = (day_bounds(first, clinic.zone)[0], day_bounds(last, clinic.zone)[1])
    busy = _busy(plan, practitioners, window)
    skin = _recoveries(plan)

    duration = timedelta(minutes=protocol.duration_minutes)
    cleaning = timedelta(minutes=protocol.cleaning_minutes)

    def first_free(things: list[Any], start: datetime, end: datetime) -> Any:
        return next(
            (t for t in things if not any(a < end and b > start for a, b in busy[t.pk])), None
        )

    slots = []
    for start in _grid(clinic, first, last, duration):
        end = start + duration
        if start < at or not first_free([plan.patient], start, end):
            continue
        recovered = recovered_at(start, protocol, clinic.zone)
        if any(a < recovered and b > start for a, b in skin):
            continue
        who = first_free(practitioners, start, end)
        room = first_free(rooms, start, end + cleaning)
        device = first_free(devices, start, end + cleaning)
        if who and room and device:
            slots.append(Slot(start, end, who, room, device))
    return slots


def _grid(clinic: Clinic, first: date, last: date, duration: timedelta) -> Iterator[datetime]:
    """Every start that ends while the clinic is open, counted in minutes from local midnight."""
    step = timedelta(minutes=clinic.slot_minutes)
    midnight = day_bounds(last, clinic.zone)[1]
    for opens, closes in open_stretches(clinic, first, last + timedelta(days=1)):
        local = opens.astimezone(clinic.zone)
        past_the_grid = timedelta(minutes=(local.hour * 60 + local.minute) % clinic.slot_minutes)
        start = opens if not past_the_grid else opens + step - past_the_grid
        while start + duration <= closes and start < midnight:
            yield start
            start += step


def _busy(
    plan: TreatmentPlan, practitioners: list[User], window: Stretch
) -> dict[Any, list[Stretch]]:
    """When whom and what the plan needs is taken, by id."""
    busy: dict[Any, list[Stretch]] = defaultdict(list)
    sessions = TreatmentSession.objects.occupying().overlapping(*window)
    for session in sessions.filter(
        Q(clinic=plan.clinic) | Q(practitioner__in=practitioners) | Q(patient=plan.patient)
    ):
        busy[session.practitioner_id].append((session.starts_at, session.ends_at))
        busy[session.patient_id].append((session.starts_at, session.ends_at))
        busy[session.room_id].append((session.starts_at, session.released_at))
        busy[session.device_id].append((session.starts_at, session.released_at))
    return busy


def _recoveries(plan: TreatmentPlan) -> list[Stretch]:
    """When the plan's area recovers from the sessions on it."""
    on_skin = TreatmentSession.objects.occupying().filter(patient=plan.patient, area=plan.area)
    return list(on_skin.values_list("starts_at", "recovers_at"))
