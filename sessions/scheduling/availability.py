"""When a clinic and its people are there, and which times they can offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypedDict, final
from uuid import UUID

from django.db import connection

from clinic.db.prepared import Prepared, Statement, together
from clinic.errors import Conflict
from clinic.models import Clinic, Device, Role, Room, User
from sessions.lifecycle import PlanStatus
from sessions.models import Mode, TreatmentPlan, TreatmentSession
from sessions.scheduling import presence_sql, sitting_sql, slots_sql
from sessions.scheduling.wanted import SittingRequest, Wanted

# How far `first_free` looks, in steps: nearly always the first one answers.
HORIZON = (timedelta(days=7), timedelta(days=31), timedelta(days=92), timedelta(days=366))


TREATS = [str(Role.PRACTITIONER)]


@dataclass(frozen=True)
class Offer:
    """A time that can be booked now, with the ids of who and what is free then. No room or device
    where none is needed."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    room_id: UUID | None
    device_id: UUID | None


class SlotTaken(Conflict):
    """The time is not free; another one, or other people and things, would do."""


@final
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

    visit_type: UUID | None  # of the session, if the clinic offers it
    licensed: bool  # the practitioner, for this kind of visit on that day
    plan_status: str | None
    archived: bool
    room_in_use: bool
    device_in_use: bool
    holds_near: bool  # some hold, lapsed or not, at that time
    unhealed: bool  # the patient has side effects that are not resolved
    ruled_out: bool  # the last screening may rule the patient out
    not_a_candidate: bool  # a practitioner has decided against it, for that day
    credentials_in_doubt: bool  # the law asks for some, or one has ended by then
    washouts_in_doubt: bool  # one may last until then, or something else is planned for the skin


def presence(
    *, clinic: Clinic, practitioner: User, starts_at: datetime, ends_at: datetime
) -> Presence:
    """Whether clinic and practitioner are there to treat during all of [start, end), in one
    query."""
    with connection.cursor() as cursor:
        presence_sql.PRESENCE.execute(cursor, _stretch(clinic, practitioner.pk, starts_at, ends_at))
        return Presence(*cursor.fetchone())


def booking_facts(
    session: TreatmentSession,
    further: Sequence[TreatmentSession] = (),
    *,
    behind: Statement | None = None,
) -> list[BookingFacts]:
    """How it stands with a session that is about to be booked or held, and with each of the
    `further` areas of its sitting, in one query; `behind` the locks that this statement takes."""
    given: UUID | None = session.visit_type_id
    values = {
        **_stretch(session.clinic, session.practitioner_id, session.starts_at, session.ends_at),
        "roles": session.visit_type.roles if given else TREATS,
        "visit_type": given,
        "patient": session.patient_id,
        "plans": [area.plan_id for area in (session, *further)],
        "room": session.room_id,
        "device": session.device_id,
        "occupied_from": session.occupied_from,
        "released_at": session.released_at,
    }
    *_, rows = together(*([behind] if behind else []), presence_sql.STANDING.taught(values))
    return [BookingFacts(*row) for row in rows]


def _stretch(
    clinic: Clinic, practitioner_id: UUID, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    day = starts_at.astimezone(clinic.zone).date()
    return {
        "clinic": clinic.pk,
        "zone": clinic.time_zone,
        "roles": TREATS,
        "practitioner": practitioner_id,
        "first": day,
        "last": day,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def offers(
    *,
    wanted: Wanted,
    first: date,
    last: date,
    practitioner_id: UUID | None,
    at: datetime,
    not_before: datetime | None = None,
    before: datetime | None = None,
    moving: TreatmentSession | None = None,
    others: bool = False,
    room_id: UUID | None = None,
    limit: int | None = None,
) -> list[Offer]:
    """The times from `first` to `last` (local days, both included) for what is wanted.

    With everyone who may do it at the clinic, or with one of them; or with one wherever possible,
    and `others` else; in any room, or in one. Nothing before `at`, and only what starts from
    `not_before` on and `before` another instant. While a session is `moving`, what it
    takes up itself is free.
    """
    statement, values = _asked(wanted)
    if statement is None:
        return []
    parameters: dict[str, Any] = {
        **values,
        "clinic": wanted.clinic.pk,
        "zone": wanted.clinic.time_zone,
        "grid": wanted.clinic.slot_minutes,
        "practitioner": practitioner_id,
        "others": others,
        "room": room_id,
        "first": first,
        "last": last,
        "at": at,
        "not_before": max(at, not_before) if not_before else at,
        "before": before,
        "moving": moving.leading_id if moving else None,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        statement.execute(cursor, parameters)
        return [Offer(*row) for row in cursor.fetchall()]


def _asked(wanted: Wanted) -> tuple[Prepared | None, dict[str, Any]]:
    """The statement that answers for it, and the values that only it has; no statement where
    nothing can be booked."""
    if isinstance(wanted, TreatmentPlan):
        if wanted.status != PlanStatus.ACTIVE or wanted.patient.archived_at:
            return None, {}
        return slots_sql.SLOTS, {
            "roles": TREATS,
            "plan": wanted.pk,
            "protocol": wanted.protocol_id,
            "zones": wanted.planned_zones,
            "patient": wanted.patient_id,
            "area": wanted.area_id,
            "area_code": wanted.area.code,
        }
    if isinstance(wanted, SittingRequest):
        can_be = all(plan.status == PlanStatus.ACTIVE for plan in wanted.plans)
        if wanted.patient.archived_at or not can_be:
            return None, {}
        return sitting_sql.SITTING_SLOTS, {
            "roles": TREATS,
            "plans": [plan.pk for plan in wanted.plans],
            "patient": wanted.patient.pk,
            "areas": [plan.area_id for plan in wanted.plans],
            "area_codes": [plan.area.code for plan in wanted.plans],
        }
    kind, patient = wanted.visit_type, wanted.patient
    if not kind.is_active or (patient and patient.archived_at):
        return None, {}
    in_person = kind.mode == Mode.IN_PERSON
    return slots_sql.VISIT_SLOTS, {
        "roles": kind.roles,
        "patient": patient and patient.pk,
        "visit_type": kind.pk,
        "needs_room": kind.needs_room and in_person,
        "needs_device": kind.needs_device and in_person,
        "rooms": [room.pk for room in kind.rooms.all()],
    }


def first_free(
    *,
    wanted: Wanted,
    after: datetime,
    practitioner_id: UUID | None,
    at: datetime,
    moving: TreatmentSession | None = None,
) -> Offer | None:
    """The first time at or after an instant, within a year."""
    first = day = max(after, at).astimezone(wanted.clinic.zone).date()
    for distance in HORIZON:
        last = day + distance
        found = offers(
            wanted=wanted,
            first=first,
            last=last,
            practitioner_id=practitioner_id,
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
    wanted: TreatmentPlan | SittingRequest,
    first: date,
    last: date,
    practitioner: User | None,
    at: datetime,
) -> list[Slot]:
    """What `offers` gives, with the people and things loaded: ready to be booked."""
    who = practitioner.pk if practitioner else None
    return as_slots(offers(wanted=wanted, first=first, last=last, practitioner_id=who, at=at))


def as_slots(found: Sequence[Offer]) -> list[Slot]:
    """With the people and things themselves, in three statements; what has no room or device is no
    session of a plan, and left out."""
    people = User.objects.in_bulk({offer.practitioner_id for offer in found})
    rooms = Room.objects.in_bulk({offer.room_id for offer in found if offer.room_id})
    devices = Device.objects.select_related("model").in_bulk(
        {offer.device_id for offer in found if offer.device_id}
    )
    return [
        Slot(
            offer.starts_at,
            offer.ends_at,
            people[offer.practitioner_id],
            rooms[offer.room_id],
            devices[offer.device_id],
        )
        for offer in found
        if offer.room_id and offer.device_id
    ]
