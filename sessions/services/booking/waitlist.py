"""The waitlist: who waits, what they are offered, and what becomes of it.

Note [Freed slots]
    Whoever frees a slot writes a FreedSlot row in the same transaction, and nothing more: an offer
    needs the locks of another patient, which cannot be taken in order any more by then (Note [Lock
    order]). `offer_freed_slots` works the rows off, each in a transaction of its own, right after
    the commit and again with every beat. Losing the broker delays an offer by seconds. What can
    still be taken back is not offered yet: Note [Undo] in undo.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_step, retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict, DomainError
from clinic.models import User
from sessions.lifecycle import WaitlistStatus
from sessions.models import (
    FreedSlot,
    Hold,
    Kind,
    TreatmentSession,
    VisitType,
    WaitlistEntry,
)
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names
from sessions.services.booking.checks.prepare import prepare_session
from sessions.services.booking.holds import insert_hold
from sessions.services.booking.sitting.areas import add_areas
from sessions.services.booking.visits import (
    book_visit,
    prepare_visit,
)

OFFER_LASTS = timedelta(hours=2)
# What an entry says of the visit that is waited for.
WISHED = ("visit_type__clinic", "patient__clinic", "plan")
# Of more people who wait for one slot, the later ones are asked when these have declined.
ASKED_AT_ONCE = 20


class OfferLapsed(Conflict):
    code = "offer_lapsed"
    title = gettext_noop("The offer has lapsed")


@retried_step
def note_freed(
    session: TreatmentSession, *, at: datetime, not_before: datetime | None = None
) -> bool:
    """Write down that the slot of `session` is free now, if somebody could want it: who waits for a
    treatment needs a room and a device. It is offered `not_before` an instant, if one is given."""
    waiting = WaitlistEntry.objects.filter(clinic=session.clinic_id, status=WaitlistStatus.WAITING)
    fitting = waiting.in_want_of(room=session.room_id, device=session.device_id)
    if session.starts_at <= at or not fitting.exists():
        return False
    FreedSlot.objects.create(
        clinic_id=session.clinic_id,
        practitioner_id=session.practitioner_id,
        room_id=session.room_id,
        device_id=session.device_id,
        starts_at=session.starts_at,
        not_before=not_before,
    )
    return True


def offer_freed_slots(*, at: datetime) -> int:
    """Offer every freed slot to the first whom it fits; returns the number of offers made."""
    offered = 0
    ripe = FreedSlot.objects.filter(Q(not_before=None) | Q(not_before__lte=at))
    for pk in list(ripe.order_by("pk").values_list("pk", flat=True)):
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
    candidates = list(fitting.values_list("pk", "patient")[:ASKED_AT_ONCE])
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
        entry = WaitlistEntry.objects.locked().select_related(*WISHED).get(pk=pk)
        if entry.status != WaitlistStatus.WAITING:
            continue
        until = min(at + OFFER_LASTS, slot.starts_at)
        try:
            session, *further = _wanted_by(entry, {**target, "starts_at": slot.starts_at}, at=at)
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


def _wanted_by(
    entry: WaitlistEntry, slot: dict[str, Any], *, at: datetime
) -> list[TreatmentSession]:
    """What the entry waits for in this slot, not saved: of a sitting all areas, the leading one
    first. Raises what preparing it raises."""
    if entry.kind == Kind.TREATMENT:
        plan, *others = entry.plans
        session = prepare_session(plan=plan, **slot, at=at)
        return [session, *(add_areas(session, others, at=at) if others else [])]
    return [
        prepare_visit(
            visit_type=entry.visit_type,
            patient=entry.patient,
            plan=entry.plan,
            **_as_needed(entry.visit_type, slot),
        )
    ]


def _as_needed(visit_type: VisitType, slot: dict[str, Any]) -> dict[str, Any]:
    """Of what has become free that which such a visit takes up."""
    taken = {"room": visit_type.needs_room, "device": visit_type.needs_device}
    return {name: value if taken.get(name, True) else None for name, value in slot.items()}


@retried_transaction
def accept_offer(
    *, entry_id: UUID, at: datetime, by: User, seen: Check = no_version_check
) -> TreatmentSession:
    """Book what is offered. Raises OfferLapsed, IllegalWaitlistMove, and what `seen`,
    `book_session` and `book_visit` raise."""
    offered = ("offered_practitioner", "offered_room", "offered_device")
    entry = WaitlistEntry.objects.select_related(*WISHED, *offered).get(pk=entry_id)
    entry.require_move(WaitlistStatus.BOOKED)
    slot = _offered(entry)
    lock_for_bookings(
        *lock_names(
            practitioner=slot["practitioner"],
            room=slot["room"],
            device=slot["device"],
            patient_id=entry.patient_id,
        ),
        clinic_id=entry.clinic_id,
    )
    current = WaitlistEntry.objects.locked().get(pk=entry_id)
    seen()
    expires_at = current.offer_expires_at
    if expires_at is None or expires_at <= at or current.offered_starts_at != slot["starts_at"]:
        raise OfferLapsed(
            gettext("Nobody accepted this offer in time; it may be with somebody else now.")
        )
    if entry.kind == Kind.TREATMENT:  # either uses up the hold
        plan, *further = entry.plans
        return book_session(plan=plan, further_plans=further, **slot, at=at, by=by)
    return book_visit(
        visit_type=entry.visit_type,
        patient=entry.patient,
        plan=entry.plan,
        **_as_needed(entry.visit_type, slot),
        at=at,
        by=by,
    )


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
    entry.move_to(WaitlistStatus.WAITING, at=at, by=by, reason=reason or gettext_noop("declined"))
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
    entry.move_to(WaitlistStatus.WAITING, at=at, by=None, reason=gettext_noop("the offer lapsed"))
    return True


def _pass_on(entry: WaitlistEntry) -> None:
    """Free what was offered, for those who wait since later. The caller holds the row's lock."""
    Hold.objects.filter(offered_to=entry).delete()
    slot = _offered(entry)
    FreedSlot.objects.create(clinic_id=entry.clinic_id, passed_over=entry, **slot)
