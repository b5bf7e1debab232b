"""When a clinic and its people are there, and which times they can offer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from clinic.db.prepared import Statement, together
from clinic.errors import Conflict
from clinic.models import Clinic, Device, Room, User
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling import presence_sql, slots_sql

# How far `first_free` looks, in steps: nearly always the first one answers.
HORIZON = (timedelta(days=7), timedelta(days=31), timedelta(days=92), timedelta(days=366))


@dataclass(frozen=True)
class Offer:
    """A time that can be booked now, with the ids of who and what is free then."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    room_id: UUID
    device_id: UUID


class SlotTaken(Conflict):
    """The time is not free; another one, or other people and things, would do."""


class Chosen(TypedDict):
    """When, with whom, where and with what: what `book_session` needs to know of a slot."""

    starts_at: datetime
    practitioner: User
    room: Room
    device: Device


@dataclass(frozen=True)
class Slot:
    """The same with the people and things themselves."""

    starts_at: datetime
    ends_at: datetime
    practitioner: User
    room: Room
    device: Device

    def as_booking(self) -> Chosen:
        return {
            "starts_at": self.starts_at,
            "practitioner": self.practitioner,
            "room": self.room,
            "device": self.device,
        }


@dataclass(frozen=True)
class Presence:
    """Who is there during all of a stretch of time."""

    clinic: bool
    treats_here: bool  # somebody who treats at the clinic, at whatever time
    practitioner: bool


@dataclass(frozen=True)
class BookingFacts(Presence):
    """What else a booking has to know, read behind its locks."""

    plan_status: str
    archived: bool
    room_in_use: bool
    device_in_use: bool
    holds_near: bool  # some hold, lapsed or not, at that time
    unhealed: bool  # the patient has side effects that are not resolved
    ruled_out: bool  # the last screening may rule the patient out
    not_a_candidate: bool  # a practitioner has decided against it, for that day


def presence(
    *, clinic: Clinic, practitioner: User, starts_at: datetime, ends_at: datetime
) -> Presence:
    """Whether clinic and practitioner are there during all of [start, end), in one query."""
    with connection.cursor() as cursor:
        presence_sql.PRESENCE.execute(cursor, _stretch(clinic, practitioner.pk, starts_at, ends_at))
        return Presence(*cursor.fetchone())


def booking_facts(session: TreatmentSession, *, behind: Statement | None = None) -> BookingFacts:
    """How it stands with a session that is about to be booked or held, in one query; `behind` the
    locks that this statement takes."""
    values = {
        **_stretch(session.clinic, session.practitioner_id, session.starts_at, session.ends_at),
        "plan": session.plan_id,
        "room": session.room_id,
        "device": session.device_id,
        "occupied_from": session.occupied_from,
        "released_at": session.released_at,
    }
    *_, rows = together(*([behind] if behind else []), presence_sql.STANDING.taught(values))
    return BookingFacts(*rows[0])


def _stretch(
    clinic: Clinic, practitioner_id: UUID, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    day = starts_at.astimezone(clinic.zone).date()
    return {
        "clinic": clinic.pk,
        "zone": clinic.time_zone,
        "practitioner": practitioner_id,
        "first": day,
        "last": day,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def offers(
    *,
    plan: TreatmentPlan,
    first: date,
    last: date,
    practitioner_id: UUID | None,
    at: datetime,
    not_before: datetime | None = None,
    before: datetime | None = None,
    moving: TreatmentSession | None = None,
    others: bool = False,
    limit: int | None = None,
) -> list[Offer]:
    """The times from `first` to `last` (local days, both included) for the plan's next session.

    With everyone who treats at the clinic, or with one practitioner; or with one practitioner
    wherever possible, and `others` else. Nothing before `at`, and only
    what starts from `not_before` on and `before` another instant. While a session is `moving`,
    what it takes up itself is free.
    """
    if plan.status != PlanStatus.ACTIVE or plan.patient.archived_at:
        return []
    parameters: dict[str, Any] = {
        "clinic": plan.clinic_id,
        "zone": plan.clinic.time_zone,
        "grid": plan.clinic.slot_minutes,
        "plan": plan.pk,
        "protocol": plan.protocol_id,
        "zones": plan.planned_zones,
        "patient": plan.patient_id,
        "area": plan.area_id,
        "area_code": plan.area.code,
        "practitioner": practitioner_id,
        "others": others,
        "first": first,
        "last": last,
        "at": at,
        "not_before": max(at, not_before) if not_before else at,
        "before": before,
        "moving": moving.pk if moving else None,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        slots_sql.SLOTS.execute(cursor, parameters)
        return [Offer(*row) for row in cursor.fetchall()]


def first_free(
    *,
    plan: TreatmentPlan,
    after: datetime,
    practitioner: User | None,
    at: datetime,
    moving: TreatmentSession | None = None,
) -> Offer | None:
    """The first time at or after an instant, within a year."""
    first = day = max(after, at).astimezone(plan.clinic.zone).date()
    for distance in HORIZON:
        last = day + distance
        found = offers(
            plan=plan,
            first=first,
            last=last,
            practitioner_id=practitioner.pk if practitioner else None,
            at=at,
            not_before=after,
            moving=moving,
            limit=1,
        )
        if found:
            return found[0]
        first = last + timedelta(days=1)
    return None


def free_slots(
    *,
    plan: TreatmentPlan,
    first: date,
    last: date,
    practitioner: User | None,
    at: datetime,
) -> list[Slot]:
    """What `offers` gives, with the people and things loaded: ready to be booked."""
    who = practitioner.pk if practitioner else None
    found = offers(plan=plan, first=first, last=last, practitioner_id=who, at=at)
    people = User.objects.in_bulk({offer.practitioner_id for offer in found})
    rooms = Room.objects.in_bulk({offer.room_id for offer in found})
    devices = Device.objects.select_related("model").in_bulk({offer.device_id for offer in found})
    return [
        Slot(
            offer.starts_at,
            offer.ends_at,
            people[offer.practitioner_id],
            rooms[offer.room_id],
            devices[offer.device_id],
        )
        for offer in found
    ]
