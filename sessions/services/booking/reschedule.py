"""Moving a session to another time, and the later ones of its plan with it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict
from clinic.models import Device, Room, User
from clinic.values.wallclock import instant_of, iso_utc
from sessions.lifecycle import OCCUPIES, UPCOMING, Status
from sessions.models import (
    Kind,
    ProtocolVersion,
    TreatmentPlan,
    TreatmentSession,
    TreatmentSessionQuerySet,
    of_treatment,
)
from sessions.scheduling.availability import Slot, free_slots
from sessions.scheduling.spacing import recovery_end
from sessions.scheduling.wanted import SittingRequest, sitting_of
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names, locks_for
from sessions.services.booking.moves import move_session
from sessions.services.booking.prepare import OutOfUse
from sessions.services.booking.presence import NotTheirVisit
from sessions.services.booking.sittings import leading_of, open_plans
from sessions.services.booking.visits import book_visit
from sessions.services.plans import NoPractitionerHere, version_in_effect

# How far a later session may be pushed before somebody has to look at the plan.
FARTHEST = timedelta(days=182)
CHUNK = timedelta(days=28)


class LaterSessionsTooSoon(Conflict):
    code = "later_sessions_too_soon"
    title = "Later sessions of the plan would come too soon"


class NoFreeTime(Conflict):
    code = "no_free_time"
    title = "There is no free time"


@dataclass(frozen=True)
class Shift:
    """A later session, and the first free slot at its time of day when the skin has recovered."""

    session: TreatmentSession
    slot: Slot


@retried_transaction
def reschedule_session(
    *,
    session_id: UUID,
    starts_at: datetime,
    practitioner: User | None = None,
    room: Room | None = None,
    device: Device | None = None,
    at: datetime,
    by: User,
    reason: str = "",
    shift_later: bool = False,
    seen: Check = no_version_check,
) -> TreatmentSession:
    """Move a session to another time: cancel it and book the new one, both or neither.

    What is not given stays as it is, and all areas of a sitting move. If later sessions of the
    plan would then come too soon, `shift_later` moves them too, each by as few days as
    possible; all sessions move or none.
    Returns the new session, whose `rescheduled_from` is the old one.
    Raises what `book_session` raises, LaterSessionsTooSoon, NoFreeTime, IllegalMove, and what
    `seen` does.
    """
    old = TreatmentSession.objects.select_related(
        *("clinic", "practitioner", "room", "device", "plan__protocol", "plan__clinic"),
        *("plan__patient__clinic", "plan__area", "visit_type__clinic", "patient__clinic"),
    ).get(pk=leading_of(session_id))
    target: dict[str, Any] = {
        "practitioner": practitioner or old.practitioner,
        "room": room or old.room,
        "device": device or old.device,
    }
    # What it leaves as well as what it takes: an insert into the old slot waits until we commit,
    # so two sessions that swap their slots would each hold what the other one waits for.
    names = {*lock_names(**target, patient_id=old.patient_id), *locks_for(old)}
    protocol = _protocol(old, at)
    if clashing := protocol and too_soon_after(old, starts_at, protocol):
        names |= _locks_to_shift(old)
    lock_for_bookings(*names, clinic_id=old.clinic_id)
    seen()
    old.refresh_from_db(fields=["status"])
    old.require_move(Status.CANCELLED)
    # Where a clash shows up only now, the constraint refuses the booking below.
    shifts = shifted_later(old, starts_at, protocol, at=at) if protocol and clashing else []
    if shifts and not shift_later:
        raise _explain(shifts)

    sittings = {row.pk: open_plans(row) for row in [old, *(shift.session for shift in shifts)]}
    for moved in [old, *(shift.session for shift in shifts)]:
        move_session(
            session_id=moved.pk,
            to=Status.CANCELLED,
            at=at,
            by=by,
            reason=reason,
            reschedules=True,
        )
    with _leaving(old, unless=practitioner):
        new = _book_again(old, sittings[old.pk], starts_at=starts_at, **target, at=at, by=by)
    for shift in shifts:
        plans = sittings[shift.session.pk]
        book_session(
            plan=plans[0],
            further_plans=plans[1:],
            **shift.slot.as_booking(),
            at=at,
            by=by,
            rescheduled_from=TreatmentSession.objects.get(pk=shift.session.leading_id),
        )
    return new


def _book_again(old: TreatmentSession, plans: list[TreatmentPlan], **slot: Any) -> TreatmentSession:
    """Book what `old` was for at another time: all areas that it still had."""
    if _is_treatment(old):
        return book_session(plan=plans[0], further_plans=plans[1:], **slot, rescheduled_from=old)
    return book_visit(
        visit_type=old.visit_type,
        patient=old.patient,
        plan=old.plan,
        side_effect=old.side_effect,
        task=old.task,
        video_url=old.video_url,
        **slot,
        rescheduled_from=old,
    )


def _protocol(old: TreatmentSession, at: datetime) -> ProtocolVersion | None:
    """By which its area recovers; None of a visit that treats nothing."""
    if not _is_treatment(old):
        return None
    return version_in_effect(of_treatment(old.plan).protocol, at)


def _is_treatment(session: TreatmentSession) -> bool:
    return session.kind == Kind.TREATMENT


@contextmanager
def _leaving(old: TreatmentSession, *, unless: User | None) -> Iterator[None]:
    """Nobody has named another practitioner: then whoever left the clinic is out of use, which the
    caller can mend, and no mistake in the request. Raises OutOfUse."""
    try:
        yield
    except (NoPractitionerHere, NotTheirVisit) as error:
        if unless:
            raise
        raise OutOfUse(
            f"{old.practitioner} no longer does this here: take another practitioner.",
            field="practitioner",
        ) from error


def too_soon_after(
    old: TreatmentSession, starts_at: datetime, protocol: ProtocolVersion
) -> TreatmentSession | None:
    """The first later session of the plan that is too close to `old` at its new time."""
    recovered = recovery_end(starts_at, protocol, old.clinic.zone)
    later = _upcoming_after(old)
    return later.filter(starts_at__lt=recovered, recovers_at__gt=starts_at).first()


def shifted_later(
    old: TreatmentSession, starts_at: datetime, protocol: ProtocolVersion, *, at: datetime
) -> list[Shift]:
    """Which later sessions of the plan have to move when `old` starts at `starts_at`, and where to.

    The search runs on a calendar without the plan's sessions from `old` on, which is put back
    before anybody sees it. The caller holds all locks. Raises NoFreeTime.
    """
    zone = old.clinic.zone
    later = list(_upcoming_after(old).select_related("practitioner"))
    plans = {session.pk: open_plans(session) for session in (old, *later)}
    leading = [session.leading_id for session in (old, *later)]
    shifts: list[Shift] = []
    with transaction.atomic():
        TreatmentSession.objects.filter(Q(pk__in=leading) | Q(sitting__in=leading)).update(
            status=Status.CANCELLED
        )
        treated, before = plans[old.pk], starts_at
        recovered = recovery_end(starts_at, protocol, zone)
        for session in later:
            if session.starts_at >= recovered:  # stays, and so does what follows it as it did
                treated, before = plans[session.pk], session.starts_at
                recovered = of_treatment(session.recovers_at)
            elif of_treatment(session.recovers_at) > before:
                wanted = sitting_of(*plans[session.pk])
                again = [plan for plan in plans[session.pk] if plan in treated]
                after = max(recovered, *_recovery_ends(again, before, at=at))
                slot = _first_at_same_time(wanted, session, after=after, at=at)
                shifts.append(Shift(session, slot))
                treated, before = plans[session.pk], slot.starts_at
                recovered = recovery_end(before, protocol, zone)
        transaction.set_rollback(True)
    return shifts


def _recovery_ends(
    plans: Iterable[TreatmentPlan], starts_at: datetime, *, at: datetime
) -> list[datetime]:
    """When the skin of each has recovered from a sitting at `starts_at`."""
    return [
        recovery_end(starts_at, version_in_effect(plan.protocol, at), plan.clinic.zone)
        for plan in plans
    ]


def _upcoming_after(old: TreatmentSession) -> TreatmentSessionQuerySet:
    return TreatmentSession.objects.filter(
        plan=old.plan_id,
        kind=Kind.TREATMENT,
        status__in=UPCOMING,
        starts_at__gt=old.starts_at,
    ).order_by("starts_at")


def _locks_to_shift(old: TreatmentSession) -> set[str]:
    """Whatever the shifted sessions may need. Found out before the search, to lock all at once."""
    clinic = old.clinic
    staff = TreatmentSession.objects.filter(plan=old.plan_id, status__in=OCCUPIES)
    return {
        *(f"practitioner:{pk}" for pk in staff.values_list("practitioner", flat=True)),
        *(f"room:{pk}" for pk in clinic.rooms.values_list("pk", flat=True)),
        *(f"device:{pk}" for pk in clinic.devices.values_list("pk", flat=True)),
    }


def _first_at_same_time(
    wanted: TreatmentPlan | SittingRequest,
    session: TreatmentSession,
    *,
    after: datetime,
    at: datetime,
) -> Slot:
    """The first free slot from `after` on at the time of day of `session`, same practitioner."""
    zone = session.clinic.zone
    usual = session.starts_at.astimezone(zone).time()
    first = after.astimezone(zone).date()
    last = first + FARTHEST
    while first <= last:
        until = min(first + CHUNK, last)
        for slot in free_slots(
            wanted=wanted,
            first=first,
            last=until,
            practitioner=session.practitioner,
            at=at,
        ):
            if slot.starts_at >= after and _is_at(slot.starts_at, usual, zone):
                return slot
        first = until + timedelta(days=1)
    raise NoFreeTime(
        f"{session.practitioner} has no free time at {usual:%H:%M} within {FARTHEST.days} days "
        f"after {after.astimezone(zone):%d %b %Y}.",
        field="starts_at",
    )


def _is_at(start: datetime, usual: Any, zone: Any) -> bool:
    day: date = start.astimezone(zone).date()
    return start == instant_of(day, usual, zone)


def _explain(shifts: list[Shift]) -> LaterSessionsTooSoon:
    return LaterSessionsTooSoon(
        f"Then {len(shifts)} later session(s) of the plan would come too soon; "
        "They can be moved with it, to the times proposed here.",
        field="starts_at",
        later_sessions=[
            {
                "session": str(shift.session.pk),
                "starts_at": iso_utc(shift.session.starts_at),
                "proposed_at": iso_utc(shift.slot.starts_at),
            }
            for shift in shifts
        ],
    )
