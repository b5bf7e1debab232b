"""Moving a session to another time, and the later ones of its plans with it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from clinic.db.retries import as_step, retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.models import Device, Room, User
from sessions.lifecycle import OCCUPIES, Status
from sessions.models import (
    Kind,
    TreatmentPlan,
    TreatmentSession,
)
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names, locks_for
from sessions.services.booking.checks.prepare import OutOfUse
from sessions.services.booking.checks.presence import NotTheirVisit
from sessions.services.booking.moves import move_session
from sessions.services.booking.series.shifting import (
    explain_shifts,
    locks_to_shift,
    shifted_later,
    too_soon_after,
)
from sessions.services.booking.sitting.areas import open_plans
from sessions.services.booking.visits import book_visit
from sessions.services.plans import NoPractitionerHere, version_in_effect
from sessions.signals import patient_knows_of_it


@retried_transaction
def reschedule_session(
    *,
    session_id: UUID,
    starts_at: datetime,
    practitioner: User | None = None,
    room: Room | None = None,
    device: Device | None = None,
    at: datetime,
    by: User | None,
    reason: str = "",
    shift_later: bool = False,
    patient_knows: bool = False,
    undoable: bool = False,
    seen: Check = no_version_check,
) -> TreatmentSession:
    """Move a session to another time: cancel it and book the new one, both or neither.

    What is not given stays as it is, and all areas of a sitting move. If later sessions of
    its plans would then come too soon, `shift_later` moves them too, each by as few days as
    possible; all sessions move or none.
    `by` is nobody where the patient has moved it. Of what `patient_knows` already, nothing is sent.
    All of it can be taken back for a minute if it is `undoable`: Note [Undo] in undo.
    Returns the new session, whose `rescheduled_from` is the old one.
    Raises what `book_session` raises, LaterSessionsTooSoon, NoFreeTime, IllegalMove, and what
    `seen` does.
    """
    old, plans = _with_what_it_takes(session_id)
    for plan in plans:
        plan.protocol.in_effect_now = version_in_effect(plan.protocol, at)
    target: dict[str, Any] = {
        "practitioner": practitioner or old.practitioner,
        "room": room or old.room,
        "device": device or old.device,
    }
    # What it leaves as well as what it takes: an insert into the old slot waits until we commit,
    # so two sessions that swap their slots would each hold what the other one waits for.
    names = {*lock_names(**target, patient_id=old.patient_id), *locks_for(old)}
    if clashing := too_soon_after(old, plans, starts_at, at=at):
        names |= locks_to_shift(old, plans)
    lock_for_bookings(*names, clinic_id=old.clinic_id)
    seen()
    shifts = []
    if clashing:  # where a clash shows up only now, the constraint refuses the booking below
        old.refresh_from_db(fields=["status"])
        old.require_move(Status.CANCELLED)
        shifts = shifted_later(old, starts_at, at=at)
    if shifts and not shift_later:
        raise explain_shifts(shifts)

    further = {shift.session.pk: open_plans(shift.session) for shift in shifts}
    for moved in [old, *(shift.session for shift in shifts)]:
        ended = as_step(move_session)(
            session_id=moved.pk,
            to=Status.CANCELLED,
            at=at,
            by=by,
            reason=reason,
            reschedules=True,
            undoable=undoable,
        )
        moved.undo_until = ended.undo_until
        if moved is old:
            plans = _plans_of(ended.moved_with, known=plans)
    with _leaving(old, unless=practitioner):
        new = _book_again(old, plans, starts_at=starts_at, **target, at=at, by=by)
    moved_too = [
        _book_again(
            shift.session, further[shift.session.pk], **shift.slot.as_booking(), at=at, by=by
        )
        for shift in shifts
    ]
    for session in [new, *moved_too] if patient_knows else []:
        patient_knows_of_it.send(TreatmentSession, session=session, at=at)
    return new


def _with_what_it_takes(session_id: UUID) -> tuple[TreatmentSession, list[TreatmentPlan]]:
    """The session, or the leading one of its sitting, with the rows that it is booked with, and the
    plans that are treated there, as they stand before the locks."""
    rows = TreatmentSession.objects.of_sitting(session_id).select_related(
        *("clinic", "practitioner", "room", "device", "plan__protocol", "plan__clinic"),
        *("plan__patient__clinic", "plan__area", "visit_type__clinic", "patient__clinic"),
    )
    sitting = _leading_first(rows)
    if not sitting:
        raise TreatmentSession.DoesNotExist
    treated = [row.plan for row in sitting if row.plan and row.status in OCCUPIES]
    return sitting[0], treated


def _plans_of(
    moved: Iterable[TreatmentSession], *, known: list[TreatmentPlan]
) -> list[TreatmentPlan]:
    """The plans that these rows of a sitting treat, the leading one first. What was `known` is not
    read again: only if an area came or went before the locks were there is there another."""
    wanted = [row.plan_id for row in _leading_first(moved) if row.plan_id]
    plans = {plan.pk: plan for plan in known}
    if new := set(wanted) - set(plans):
        plans |= TreatmentPlan.objects.with_booking_facts().in_bulk(new)
    return [plans[pk] for pk in wanted]


def _leading_first(rows: Iterable[TreatmentSession]) -> list[TreatmentSession]:
    return sorted(rows, key=lambda row: (row.sitting_id is not None, row.pk))


def _book_again(old: TreatmentSession, plans: list[TreatmentPlan], **slot: Any) -> TreatmentSession:
    """Book what `old` was for at another time: all areas that it still had."""
    if old.kind == Kind.TREATMENT:
        return as_step(book_session)(
            plan=plans[0], further_plans=plans[1:], **slot, rescheduled_from=old
        )
    return as_step(book_visit)(
        visit_type=old.visit_type,
        patient=old.patient,
        plan=old.plan,
        side_effect=old.side_effect,
        task=old.task,
        video_url=old.video_url,
        **slot,
        rescheduled_from=old,
    )


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
            gettext("{practitioner} no longer does this here: take another practitioner.").format(
                practitioner=old.practitioner
            ),
            field="practitioner",
        ) from error
