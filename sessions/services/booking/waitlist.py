"""The waitlist: who waits, what they are offered, and what becomes of it.

Note [Freed slots]
    Whoever frees a slot writes a FreedSlot row in the same transaction, and nothing more: an offer
    needs the locks of another patient, which cannot be taken in order any more by then (Note [Lock
    order]). `offer_freed_slots` works the rows off, each in a transaction of its own, right after
    the commit and again with every beat. Losing the broker delays an offer by seconds.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from clinic.db.constraints import refusal_of
from clinic.db.locks import lock
from clinic.db.retries import retried_step, retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict, DomainError
from clinic.models import User
from patients.services.records import require_open
from sessions.lifecycle import WaitlistStatus
from sessions.models import FreedSlot, Hold, TreatmentPlan, TreatmentSession, WaitlistEntry
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names
from sessions.services.booking.checks.prepare import prepare_session, require_active
from sessions.services.booking.holds import insert_hold
from sessions.services.booking.sitting.areas import about_further, add_areas, areas_together
from sessions.services.plans import require_practitioner

OFFER_LASTS = timedelta(hours=2)
WAITS_ALREADY = "This plan is on the waitlist already: withdraw that entry first."
# Of more people who wait for one slot, the later ones are asked when these have declined.
ASKED_AT_ONCE = 20


class AlreadyWaiting(Conflict):
    code = "already_waiting"
    title = "The plan is on the waitlist already"


class OfferLapsed(Conflict):
    code = "offer_lapsed"
    title = "The offer has lapsed"


@retried_transaction
def join_waitlist(
    *,
    plan: TreatmentPlan,
    from_on: date,
    until_on: date,
    practitioner: User | None = None,
    weekdays: Sequence[int] = (),
    earliest: time | None = None,
    latest: time | None = None,
    note: str = "",
    further_plans: Sequence[TreatmentPlan] = (),
    at: datetime,
    by: User,
) -> WaitlistEntry:
    """Put a plan on the waitlist, with `further_plans` for one sitting. Raises PatientArchived,
    PlanNotActive, NotBookable, NoPractitionerHere, AlreadyWaiting."""
    require_open(plan.patient, field="plan")
    require_active(plan.status)
    areas_together(plan, further_plans)
    for index, further in enumerate(further_plans):
        with about_further(index):
            require_active(further.status)
    if practitioner:
        require_practitioner(practitioner, clinic_id=plan.clinic_id)
    entry = WaitlistEntry(
        clinic_id=plan.clinic_id,
        plan=plan,
        practitioner=practitioner,
        from_on=from_on,
        until_on=until_on,
        weekdays=sorted(set(weekdays)),
        earliest=earliest,
        latest=latest,
        note=note,
        created_by=by,
    )
    lock(f"patient:{plan.patient_id}")  # no constraint knows the further plans of another entry
    _require_not_waiting(plan, further_plans)
    waits = AlreadyWaiting(WAITS_ALREADY, field="plan")
    with refusal_of("waitlist_once_per_plan", waits):
        entry.save(force_insert=True)
    entry.further_plans.set(further_plans)
    entry.events.create(old_status="", new_status=entry.status, at=at, by=by)
    return entry


def _require_not_waiting(plan: TreatmentPlan, further: Sequence[TreatmentPlan]) -> None:
    """Raises AlreadyWaiting."""
    waits = WaitlistEntry.objects.open_for
    if waits([plan]).exists():
        raise AlreadyWaiting(WAITS_ALREADY, field="plan")
    for index, other in enumerate(further):
        with about_further(index):
            if waits([other]).exists():
                raise AlreadyWaiting(WAITS_ALREADY, field="plan")


@retried_step
def note_freed(session: TreatmentSession, *, at: datetime) -> bool:
    """Write down that the slot of `session` is free now, if somebody could want it: everybody waits
    for a treatment, which needs a room and a device."""
    if not (session.room_id and session.device_id):
        return False
    waiting = WaitlistEntry.objects.filter(clinic=session.clinic_id, status=WaitlistStatus.WAITING)
    if session.starts_at <= at or not waiting.exists():
        return False
    FreedSlot.objects.create(
        clinic_id=session.clinic_id,
        practitioner_id=session.practitioner_id,
        room_id=session.room_id,
        device_id=session.device_id,
        starts_at=session.starts_at,
    )
    return True


def offer_freed_slots(*, at: datetime) -> int:
    """Offer every freed slot to the first whom it fits; returns the number of offers made."""
    offered = 0
    for pk in list(FreedSlot.objects.order_by("pk").values_list("pk", flat=True)):
        offered += _offer_freed(pk, at=at)
    return offered


@retried_transaction
def _offer_freed(freed_id: UUID, *, at: datetime) -> bool:
    rows = FreedSlot.objects.select_for_update(of=("self",), skip_locked=True)
    slot = (
        rows.select_related("clinic", "practitioner", "room", "device").filter(pk=freed_id).first()
    )
    if slot is None:
        return False  # another worker has it
    made = slot.starts_at > at and _offer(slot, at=at)
    slot.delete()
    return made


def _offer(slot: FreedSlot, *, at: datetime) -> bool:
    """Offer a slot to the first whom it fits and who can have it."""
    fitting = WaitlistEntry.objects.waiting_for(slot)
    candidates = list(fitting.values_list("pk", "plan__patient")[:ASKED_AT_ONCE])
    target: dict[str, Any] = {
        "practitioner": slot.practitioner,
        "room": slot.room,
        "device": slot.device,
    }
    lock_for_bookings(
        *{name for _, patient in candidates for name in lock_names(**target, patient_id=patient)},
        clinic_id=slot.clinic_id,
    )
    for pk, _ in candidates:
        entry = WaitlistEntry.objects.locked().get(pk=pk)
        if entry.status != WaitlistStatus.WAITING:
            continue
        plan, *others = entry.plans
        until = min(at + OFFER_LASTS, slot.starts_at)
        try:
            session = prepare_session(plan=plan, starts_at=slot.starts_at, **target, at=at)
            further = add_areas(session, others, at=at) if others else []
            with transaction.atomic():
                insert_hold(session, at=at, until=until, offered_to=entry, further=further)
        except DomainError:
            continue  # the skin, a decision or another booking is in the way: ask the next
        entry.move_to(
            WaitlistStatus.OFFERED,
            at=at,
            by=None,
            offered_starts_at=slot.starts_at,
            offered_practitioner=slot.practitioner,
            offered_room=slot.room,
            offered_device=slot.device,
            offer_expires_at=until,
        )
        return True
    return False


@retried_transaction
def accept_offer(
    *, entry_id: UUID, at: datetime, by: User, seen: Check = no_version_check
) -> TreatmentSession:
    """Book what is offered. Raises OfferLapsed, IllegalWaitlistMove, and what `seen` and
    `book_session` raise."""
    offered = ("plan", "offered_practitioner", "offered_room", "offered_device")
    entry = WaitlistEntry.objects.select_related(*offered).get(pk=entry_id)
    entry.require_move(WaitlistStatus.BOOKED)
    slot = _offered(entry)
    lock_for_bookings(
        *lock_names(
            practitioner=slot["practitioner"],
            room=slot["room"],
            device=slot["device"],
            patient_id=entry.plan.patient_id,
        ),
        clinic_id=entry.clinic_id,
    )
    current = WaitlistEntry.objects.locked().get(pk=entry_id)
    seen()
    expires_at = current.offer_expires_at
    if expires_at is None or expires_at <= at or current.offered_starts_at != slot["starts_at"]:
        raise OfferLapsed("Nobody accepted this offer in time; it may be with somebody else now.")
    plan, *further = entry.plans
    return book_session(plan=plan, further_plans=further, **slot, at=at, by=by)  # uses up the hold


def _offered(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "starts_at": entry.offered_starts_at,
        "practitioner": entry.offered_practitioner,
        "room": entry.offered_room,
        "device": entry.offered_device,
    }


@retried_transaction
def decline_offer(*, entry_id: UUID, at: datetime, by: User, reason: str = "") -> WaitlistEntry:
    """Pass an offer on to the next; the entry goes on waiting. Raises IllegalWaitlistMove."""
    entry = WaitlistEntry.objects.locked().get(pk=entry_id)
    entry.require_move(WaitlistStatus.WAITING)
    _pass_on(entry)
    entry.move_to(WaitlistStatus.WAITING, at=at, by=by, reason=reason or "declined")
    return entry


@retried_transaction
def withdraw_from_waitlist(
    *, entry_id: UUID, at: datetime, by: User, reason: str = ""
) -> WaitlistEntry:
    """Take an entry off the list, and pass on what it was offered. Raises IllegalWaitlistMove."""
    entry = WaitlistEntry.objects.locked().get(pk=entry_id)
    entry.require_move(WaitlistStatus.WITHDRAWN)
    if entry.status == WaitlistStatus.OFFERED:
        _pass_on(entry)
    entry.move_to(WaitlistStatus.WITHDRAWN, at=at, by=by, reason=reason)
    return entry


def expire_offers(*, at: datetime) -> int:
    """Pass on every offer that nobody has answered in time; returns how many."""
    lapsed = list(WaitlistEntry.objects.lapsed(at).order_by("pk").values_list("pk", flat=True))
    return sum(_expire(pk, at=at) for pk in lapsed)


@retried_transaction
def _expire(entry_id: UUID, *, at: datetime) -> bool:
    entry = WaitlistEntry.objects.lapsed(at).locked().filter(pk=entry_id).first()
    if entry is None:
        return False  # answered at the last moment
    _pass_on(entry)
    entry.move_to(WaitlistStatus.WAITING, at=at, by=None, reason="the offer lapsed")
    return True


def _pass_on(entry: WaitlistEntry) -> None:
    """Free what was offered, for those who wait since later. The caller holds the row's lock."""
    Hold.objects.filter(offered_to=entry).delete()
    slot = _offered(entry)
    FreedSlot.objects.create(clinic_id=entry.clinic_id, passed_over=entry, **slot)
