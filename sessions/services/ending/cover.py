"""What becomes of the visits in somebody's absence: where each could go, and what was decided.

Note [Nobody is forgotten]
    Each visit in an absence has a task from the moment that it is noted (`closures`), and the task
    ends when the visit moves or is off, whoever did it: here, on its own page, or the patient by
    the link. So what is read here is what is left, whenever it is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import Busy, retried_transaction
from clinic.errors import DomainError
from clinic.models import Device, Room, TimeOff, User
from patients.models import StaffTask
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession
from sessions.safety.loading.washouts import load_washouts
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import wanted_by
from sessions.services.booking.moves import move_session
from sessions.services.booking.reschedule import reschedule_session
from sessions.services.booking.sitting.areas import open_plans
from sessions.services.ending.closures import task_source
from sessions.services.ending.settle import lock_sessions

MAY_MOVE = (Status.BOOKED, Status.CONFIRMED, Status.CHECKED_IN)
MOST = 200
BEFORE, AFTER = timedelta(days=3), timedelta(days=27)  # how far from its day a visit may go
ROOM_TO_CLEAN = timedelta(minutes=15)
GONE = gettext_noop("It was moved, cancelled or begun a moment ago.")


@dataclass(frozen=True)
class Instead:
    """Where a visit goes: a time that was offered."""

    starts_at: datetime
    practitioner_id: UUID
    room_id: UUID | None
    device_id: UUID | None


@dataclass
class Cover:
    """A visit in an absence, its task, and the times that were found for it, the best first."""

    session: TreatmentSession
    task: StaffTask
    offers: list[Offer] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.session.status in MAY_MOVE

    @property
    def became(self) -> TreatmentSession | None:
        """What it was moved to."""
        found: TreatmentSession | None = getattr(self.session, "rescheduled_to", None)
        return found


def covers_of(time_off: TimeOff, *, by: User) -> list[Cover]:
    """The visits that lay in it when it was noted, at the clinics of the caller, in three
    statements."""
    rows = TreatmentSession.objects.filter(
        practitioner=time_off.practitioner,
        clinic__in=by.clinic_ids,
        sitting=None,
        starts_at__lt=time_off.ends_at,
        ends_at__gt=time_off.starts_at,
    ).select_related(
        *("clinic", "patient__clinic", "area", "practitioner", "room", "device__model"),
        *("visit_type__clinic", "plan__clinic", "plan__patient__clinic", "plan__area"),
        *("plan__protocol", "rescheduled_to__practitioner"),
    )
    sessions = list(rows.order_by("starts_at", "pk")[:MOST])
    sources = {task_source(time_off, session.pk): session for session in sessions}
    tasks = StaffTask.objects.filter(source__in=sources).select_related("taken_by", "done_by")
    known = {task.source: task for task in tasks.order_by("pk")}
    return [Cover(session, known[source]) for source, session in sources.items() if source in known]


def propose(covers: Sequence[Cover], *, at: datetime) -> None:
    """Give each of these visits up to three times, with a fixed number of statements for each: the
    same day with somebody else, the same person as soon as they are back, and the nearest other
    day. All keep spacing, washouts and what a licence allows, and no two visits are shown the same
    time first."""
    taken: list[Offer] = []
    for cover in covers:
        found = _free(cover.session, at=at)
        cover.offers = _best([offer for offer in found if not _is_taken(offer, taken)], cover)
        taken += cover.offers[:1]


def _free(session: TreatmentSession, *, at: datetime) -> list[Offer]:
    day = session.starts_at.astimezone(session.clinic.zone).date()
    today = at.astimezone(session.clinic.zone).date()
    found = offers(
        wanted=wanted_by(session),
        first=max(today, day - BEFORE),
        last=max(today, day) + AFTER,
        practitioner_id=session.practitioner_id,
        others=True,
        at=at,
        moving=session,
    )
    if not found or session.kind != Kind.TREATMENT:
        return found
    plans = open_plans(session)
    zone = session.clinic.zone
    days = {offer.starts_at.astimezone(zone).date() for offer in found}
    possible = load_washouts(plans, at=at).possible(days, plans)
    return [offer for offer in found if offer.starts_at.astimezone(zone).date() in possible]


def _is_taken(offer: Offer, taken: list[Offer]) -> bool:
    def clashes(other: Offer) -> bool:
        is_near = (
            offer.starts_at < other.ends_at + ROOM_TO_CLEAN
            and other.starts_at < offer.ends_at + ROOM_TO_CLEAN
        )
        return is_near and (
            offer.practitioner_id == other.practitioner_id
            or (offer.room_id is not None and offer.room_id == other.room_id)
            or (offer.device_id is not None and offer.device_id == other.device_id)
        )

    return any(map(clashes, taken))


def _best(found: list[Offer], cover: Cover) -> list[Offer]:
    session = cover.session
    usual = session.starts_at_local

    def distance(offer: Offer) -> tuple[int, int]:
        """In days, then in minutes of the day."""
        local = offer.starts_at.astimezone(session.clinic.zone)
        minutes = (local.hour - usual.hour) * 60 + local.minute - usual.minute
        return abs((local.date() - usual.date()).days), abs(minutes)

    same_day = [offer for offer in found if distance(offer)[0] == 0]
    other_day = [offer for offer in found if distance(offer)[0] > 0]
    theirs = [offer for offer in other_day if offer.practitioner_id == session.practitioner_id]
    chosen = [min(some, key=distance) for some in (same_day, theirs, other_day) if some]
    return list({(offer.starts_at, offer.practitioner_id): offer for offer in chosen}.values())


@retried_transaction
def move_or_cancel(
    *,
    time_off: TimeOff,
    chosen: Mapping[UUID, Instead | None],
    at: datetime,
    by: User,
) -> dict[UUID, str]:
    """Move each of these visits to the time that was chosen, or cancel it where that is nothing;
    the patients are told as always. One that cannot be keeps its place and its task.

    Returns why, by session, for those that were left.
    """
    rows = {cover.session.pk: cover.session for cover in covers_of(time_off, by=by)}
    sessions = [rows[pk] for pk in sorted(chosen) if pk in rows]
    lock_sessions(sessions, to_move=any(chosen.values()))
    people = User.objects.in_bulk({to.practitioner_id for to in chosen.values() if to})
    rooms = Room.objects.in_bulk({to.room_id for to in chosen.values() if to and to.room_id})
    devices = Device.objects.select_related("model").in_bulk(
        {to.device_id for to in chosen.values() if to and to.device_id}
    )
    words = (
        gettext("{practitioner} is away: {reason}")
        if time_off.reason
        else gettext("{practitioner} is away")
    )
    reason = words.format(practitioner=time_off.practitioner, reason=time_off.reason)
    refused = dict.fromkeys(set(chosen) - set(rows), gettext(GONE))
    for session in sessions:
        to = chosen[session.pk]
        try:
            with transaction.atomic():
                if to is None:
                    move_session(
                        session_id=session.pk, to=Status.CANCELLED, at=at, by=by, reason=reason
                    )
                else:
                    reschedule_session(
                        session_id=session.pk,
                        starts_at=to.starts_at,
                        practitioner=people.get(to.practitioner_id),
                        room=rooms.get(to.room_id) if to.room_id else None,
                        device=devices.get(to.device_id) if to.device_id else None,
                        at=at,
                        by=by,
                        reason=reason,
                    )
        except Busy:
            raise
        except DomainError as error:
            refused[session.pk] = error.message
        except ValidationError as error:
            refused[session.pk] = " ".join(error.messages)
    return refused
