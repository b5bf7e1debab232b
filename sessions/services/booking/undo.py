"""Taking back what was pressed by mistake: a cancellation, a no-show, a move to another time.

Note [Undo]
    What staff press can be taken back for a minute: the event of the move says until when
    (`undo_until`, which it does not reach). Until then nobody is told: what the patient is sent is
    due at that instant, and a freed slot is offered to the waitlist from then on. So an undo finds
    nobody to tell otherwise. But the slot itself is free at once, as ever: whoever has booked or
    held it meanwhile keeps it, and the undo is refused.
    The rows of one act have the `at` of their events in common: the areas of a sitting, and the
    later sessions that were moved too. All of them are taken back or none.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict
from clinic.models import User
from patients.services.records import require_open
from sessions.lifecycle import UNDONE, Status
from sessions.models import Kind, SessionEvent, TreatmentSession
from sessions.scheduling.availability import booking_facts
from sessions.scheduling.holds import consume_holds, own_holds
from sessions.scheduling.spacing import approve_sooner, restore_recovery_before
from sessions.services.booking.book import lock_for_bookings, locks_for
from sessions.services.booking.checks.clash import explain_clash
from sessions.services.booking.checks.prepare import require_active, require_in_use
from sessions.services.booking.checks.presence import require_presence
from sessions.services.ending.closures import reopen_tasks_of
from sessions.signals import session_moved, session_taken_back

ROWS = ("clinic", "patient", "practitioner", "room", "device", "area", "visit_type")


class NothingToUndo(Conflict):
    code = "nothing_to_undo"
    title = gettext_noop("There is nothing to take back")


class UndoTooLate(Conflict):
    code = "undo_too_late"
    title = gettext_noop("It is too late to take it back")


def last_end(session_id: UUID) -> SessionEvent | None:
    """What ended the session, or the one that it was moved from: what an undo would take back."""
    events = SessionEvent.objects.select_related("session").order_by("-id")
    newest = events.filter(session=session_id).first()
    if newest and newest.new_status == Status.BOOKED and not newest.old_status:
        newest = events.filter(session__rescheduled_to=session_id).first()
    return newest if newest and newest.new_status in UNDONE and newest.undo_until else None


@retried_transaction
def undo_end(
    *, session_id: UUID, at: datetime, by: User, seen: Check = no_version_check
) -> TreatmentSession:
    """Take back what ended a session a moment ago: it is again what it was, and what was booked in
    its place is off. Named is either of the two. Returns the session that stands again.

    See Note [Undo]. Raises NothingToUndo, UndoTooLate, PatientArchived, and what stands in the way
    of its place: PractitionerTaken, RoomTaken, DeviceTaken, PatientTaken, TooSoon, Held, Closed,
    PractitionerOff, NoPractitionerHere, OutOfUse, PlanNotActive.
    """
    found = last_end(session_id)
    if found is None:
        raise NothingToUndo(gettext("Only a cancellation, a no-show or a move can be taken back."))
    act = SessionEvent.objects.filter(
        session__patient=found.session.patient_id, at=found.at, undo_until=found.undo_until
    )
    ids = list(act.values_list("session", flat=True))
    rows = TreatmentSession.objects.select_related(*ROWS, "plan", "protocol_version")
    both = rows.filter(pk__in=ids) | rows.filter(rescheduled_from__in=ids)
    names = {name for row in both for name in locks_for(row)}
    lock_for_bookings(*names, clinic_id=found.session.clinic_id)
    locked = list(both.locked())
    seen()
    ended = [row for row in locked if row.pk in ids]
    instead = {row.rescheduled_from_id: row for row in locked if row.pk not in ids}
    events = _newest(ended)
    _require(found, ended, instead.values(), events, at=at)
    for row in sorted(instead.values(), key=lambda one: one.sitting_id is None):
        _put_off(row, at=at, by=by)
    for row in sorted(ended, key=lambda one: (one.sitting_id is not None, one.starts_at)):
        _stand_again(row, events[row.pk], at=at, by=by)
        session_taken_back.send(
            TreatmentSession,
            session=row,
            ended=events[row.pk],
            instead=instead.get(row.pk),
            at=at,
            by=by,
        )
    return next(row for row in ended if row.pk == found.session_id)


def _newest(rows: list[TreatmentSession]) -> dict[UUID, SessionEvent]:
    events = SessionEvent.objects.filter(session__in=[row.pk for row in rows]).order_by("id")
    return {event.session_id: event for event in events}


def _require(
    found: SessionEvent,
    ended: list[TreatmentSession],
    instead: Iterable[TreatmentSession],
    events: dict[UUID, SessionEvent],
    *,
    at: datetime,
) -> None:
    """Asked behind the locks: somebody may have taken it back already, or gone on from it."""
    require_open(ended[0].patient)
    if any(events[row.pk].undo_until != found.undo_until for row in ended):
        raise NothingToUndo(gettext("Somebody has taken it back already."))
    if any(row.status != Status.BOOKED for row in instead):
        raise NothingToUndo(gettext("The new booking has gone on: cancel it or move it instead."))
    if found.undo_until is None or at >= found.undo_until:
        raise UndoTooLate(gettext("It could be taken back for a minute: book it again instead."))


def _put_off(row: TreatmentSession, *, at: datetime, by: User) -> None:
    """What was booked in its place. It is no late cancellation: the patient never knew of it."""
    old = row.move_to(Status.CANCELLED, at=at, by=by, reason=gettext_noop("taken back"), skips=True)
    row.rescheduled_from = None
    row.save(update_fields=["rescheduled_from"])
    restore_recovery_before(row)
    session_moved.send(
        TreatmentSession, session=row, old=old, new=row.status, at=at, by=by, reschedules=True
    )


def _stand_again(row: TreatmentSession, ended: SessionEvent, *, at: datetime, by: User) -> None:
    """Into its old place, if nothing stands in the way of it now."""
    holds = []
    if not row.sitting_id:
        now, *_ = booking_facts(row)
        require_presence(row, now)
        require_in_use(row.room, now.room_in_use, "room")
        require_in_use(row.device, now.device_in_use, "device")
        if now.holds_near:
            holds = own_holds(row, at=at, plans={row.plan_id})
    if row.kind == Kind.TREATMENT and row.plan:
        require_active(row.plan.status)
    if row.spacing_override_reason:
        approve_sooner(row)
        row.save(update_fields=["recovers_at"])
    if refusal := explain_clash(row, at=at):
        raise refusal
    row.take_back(ended, at=at, by=by)
    consume_holds(holds, row, at=at, by=by)
    reopen_tasks_of(row, ended=ended)
