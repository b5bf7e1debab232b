"""Booking a session."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock, statement
from clinic.db.retries import retried_transaction
from clinic.db.rows import Insert
from clinic.db.versions import note_parts
from clinic.errors import DomainError
from clinic.models import Device, Room, User
from sessions.models import (
    Hold,
    Kind,
    SessionEvent,
    SessionFinding,
    TreatmentPlan,
    TreatmentSession,
)
from sessions.scheduling.availability import BookingFacts, booking_facts
from sessions.scheduling.holds import consume_holds, own_holds
from sessions.scheduling.spacing import approve_sooner
from sessions.services.booking.checks.clash import insert
from sessions.services.booking.checks.prepare import (
    OutOfUse,
    prepare_session,
    require_active,
    require_in_use,
    require_not_archived,
)
from sessions.services.booking.checks.presence import require_licence, require_presence
from sessions.services.booking.checks.rules import require_override_right, weigh
from sessions.services.booking.checks.washouts import note_washouts
from sessions.services.booking.sitting.areas import about_further, add_areas, of_same_plan
from sessions.signals import session_moved

EVENT = Insert(SessionEvent)
# A walk-in is typed in a few minutes after it began.
GRACE = timedelta(minutes=15)
# The arguments that say why it is booked all the same.
IN_SPITE = ("spacing_override_reason", "side_effect_override_reason")


class InThePast(DomainError):
    code = "in_the_past"
    title = gettext_noop("This time has passed")


@retried_transaction
def book_session(
    *,
    plan: TreatmentPlan,
    starts_at: datetime,
    practitioner: User,
    room: Room,
    device: Device,
    at: datetime,
    by: User | None,
    spacing_override_reason: str = "",
    side_effect_override_reason: str = "",
    rescheduled_from: TreatmentSession | None = None,
    hold_id: UUID | None = None,
    further_plans: Sequence[TreatmentPlan] = (),
    reason: str = "",
) -> TreatmentSession:
    """Book one session of a plan. Uses up the plan's holds on the slot, and the one named.

    With `further_plans` it is one sitting for several areas: a session of each plan at the same
    time, all or none, of which the one of `plan` leads and is returned, `booked_with` the others.

    `by` is nobody where the patient has booked or moved it; `reason` goes into the history. What is
    returned has the day on which the washouts that it breaks have ended, `clear_on`.

    Spare queries by a plan that was read `with_booking_facts`; what may have changed since is read
    again behind the locks.

    1. Take the advisory locks (Note [Lock order]).
    2. Refuse what no constraint can know: the past, closing time, an override by the wrong role.
    3. Insert; the constraints have the last word, put into the words of the desk.
    4. Write the history and tell the listeners, in the same transaction.

    Raises InThePast, Closed, PractitionerOff, NotLicensed, RoomUnfit, DeviceUnfit, Held, TooSoon,
    MayNotTreat, OpenSideEffects, ScreeningBlocks, NotACandidate, PractitionerTaken, RoomTaken,
    DeviceTaken, PatientTaken, PlanNotActive, NotBookable, OutOfUse, NoPractitionerHere,
    PatientArchived, NoVersion, OverrideNotAllowed.
    """
    session = prepare_session(
        plan=plan, starts_at=starts_at, practitioner=practitioner, room=room, device=device, at=at
    )
    further = add_areas(session, further_plans, at=at) if further_plans else []
    locks = statement(*locks_for(session), shared=clinic_lock(plan.clinic_id))
    standing = booking_facts(session, further, behind=locks)
    now, *of_further = standing
    require_open_time(session, now, at=at)
    plans = {plan.pk, *(area.plan_id for area in further)}
    holds = []
    if now.holds_near or hold_id:
        holds = own_holds(session, at=at, named=hold_id, plans=plans)
    if spacing_override_reason:
        require_override_right(by)
        for area in (session, *further):
            area.spacing_override_reason = spacing_override_reason
            area.spacing_override_by = by
            approve_sooner(area)
    in_spite = side_effect_override_reason
    weighed = weigh(session, now, reason=in_spite, moved=rescheduled_from, at=at, by=by)

    session.rescheduled_from = rescheduled_from
    insert(session, at=at)
    SessionFinding.objects.bulk_create(weighed.rows(session, at=at, by=by))
    for index, (area, now) in enumerate(zip(further, of_further, strict=True)):
        with about_further(index):
            _insert_further(area, session, now, reason=in_spite, at=at, by=by)
    finish_booking(session, *further, holds=holds, at=at, by=by, reason=reason)
    session.booked_with = further
    note_parts(session, further_areas=further)
    areas = zip((session, *further), standing, strict=True)
    session.clear_on = note_washouts(areas, at=at, by=by)
    return session


def _insert_further(
    area: TreatmentSession,
    leading: TreatmentSession,
    now: BookingFacts,
    *,
    reason: str,
    at: datetime,
    by: User | None,
) -> None:
    """A further area of a sitting, whose leading one is booked and holds the locks."""
    require_open_time(area, now, at=at)
    moved = of_same_plan(leading.rescheduled_from, area)
    weighed = weigh(area, now, reason=reason, moved=moved, at=at, by=by)
    area.sitting, area.rescheduled_from = leading, moved
    insert(area, at=at)
    SessionFinding.objects.bulk_create(weighed.rows(area, at=at, by=by))


def finish_booking(
    session: TreatmentSession,
    *further: TreatmentSession,
    holds: list[Hold],
    at: datetime,
    by: User | None,
    reason: str = "",
) -> None:
    """What follows on the insert of a visit of whichever kind, and of the further areas of a
    sitting: its holds end, their history begins, and the listeners hear of each."""
    consume_holds(holds, session, at=at, by=by)
    rows = (session, *further)
    EVENT.all(
        [
            SessionEvent(
                session=row, old_status="", new_status=row.status, at=at, by=by, reason=reason
            )
            for row in rows
        ]
    )
    for row in rows:
        session_moved.send(TreatmentSession, session=row, old="", new=row.status, at=at, by=by)


def lock_names(
    *, practitioner: User, room: Room | None, device: Device | None, patient_id: UUID
) -> tuple[str, ...]:
    """The advisory locks of what a booking makes scarcer: Note [Lock order]."""
    named = {
        "practitioner": practitioner.pk,
        "room": room and room.pk,
        "device": device and device.pk,
        "patient": patient_id,
    }
    return tuple(f"{kind}:{pk}" for kind, pk in named.items() if pk)


def lock_for_bookings(*names: str, clinic_id: UUID) -> None:
    """Take the locks of one booking or of several: Note [Lock order]."""
    lock(*names, shared=clinic_lock(clinic_id))


def clinic_lock(clinic_id: UUID) -> tuple[str]:
    """What bookings share, and who closes the clinic holds alone."""
    return (f"clinic:{clinic_id}",)


def locks_for(session: TreatmentSession) -> tuple[str, ...]:
    return lock_names(
        practitioner=session.practitioner,
        room=session.room,
        device=session.device,
        patient_id=session.patient_id,
    )


def require_open_time(session: TreatmentSession, now: BookingFacts, *, at: datetime) -> None:
    """`now` was read behind the locks: what was read before them may have changed since. A
    session without a kind gets the clinic's own row for treatments.

    Raises InThePast, PatientArchived, PlanNotActive, NoPractitionerHere, NotTheirVisit, Closed,
    PractitionerOff, NotLicensed, OutOfUse.
    """
    if session.starts_at < at - GRACE:
        raise InThePast(gettext("The session must start in the future."), field="starts_at")
    if now.visit_type is None:
        raise OutOfUse(gettext("The clinic does not offer this kind of visit."), field="visit_type")
    session.visit_type_id = now.visit_type
    require_presence(session, now)
    if not now.licensed:
        require_licence(session)
    require_in_use(session.room, now.room_in_use, "room")
    require_in_use(session.device, now.device_in_use, "device")
    is_treatment = session.kind == Kind.TREATMENT
    require_not_archived(now.archived, field="plan" if is_treatment else "patient")
    if is_treatment:
        require_active(now.plan_status)
