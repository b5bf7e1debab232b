"""Booking a session."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from clinic.db.locks import lock, statement
from clinic.db.retries import retried_transaction
from clinic.db.rows import Insert
from clinic.errors import Conflict, DomainError, NotAllowed
from clinic.findings import Finding, Severity
from clinic.models import Device, Room, User, in_words
from patients.services import PatientArchived
from sessions.lifecycle import PlanStatus
from sessions.models import (
    Hold,
    Kind,
    SessionEvent,
    SessionFinding,
    TreatmentPlan,
    TreatmentSession,
)
from sessions.safety.assessment import (
    candidacy_findings,
    carried_over,
    override_row,
    ruling_out,
    side_effect_findings,
)
from sessions.scheduling.availability import BookingFacts, SlotTaken, booking_facts
from sessions.scheduling.holds import consume_holds, own_holds
from sessions.scheduling.spacing import approve_sooner, recovery_end
from sessions.services.booking.clash import insert
from sessions.services.booking.presence import require_fit, require_presence
from sessions.services.plans import version_in_effect
from sessions.signals import session_moved

EVENT = Insert(SessionEvent)
# A walk-in is typed in a few minutes after it began.
GRACE = timedelta(minutes=15)


class NotBookable(DomainError):
    code = "not_bookable"
    title = "This cannot be booked"


class OutOfUse(SlotTaken):
    code = "out_of_use"
    title = "This is out of use"


class InThePast(DomainError):
    code = "in_the_past"
    title = "This time has passed"


class PlanNotActive(Conflict):
    code = "plan_not_active"
    title = "The plan is not active"


class ScreeningBlocks(Conflict):
    code = "screening_blocks"
    title = "The last screening rules this patient out"


class OpenSideEffects(Conflict):
    code = "open_side_effect"
    title = "Something has not healed yet"


class NotACandidate(Conflict):
    code = "not_a_candidate"
    title = "A practitioner has decided against it"


class OverrideNotAllowed(NotAllowed):
    code = "override_not_allowed"
    title = "Only a practitioner may override a safety rule"


def require_active(status: str | None) -> None:
    """Raises PlanNotActive."""
    if status is not None and status != PlanStatus.ACTIVE:
        raise PlanNotActive(
            f"The plan is {in_words(PlanStatus, status)}; activate it first.", field="plan"
        )


def require_not_archived(archived: bool, *, field: str = "plan") -> None:
    """Raises PatientArchived."""
    if archived:
        raise PatientArchived("This patient's record is archived: restore it first.", field=field)


def require_in_use(resource: Any, in_use: bool, field: str) -> None:
    """Raises OutOfUse."""
    if not in_use:
        raise OutOfUse(f"{resource} is out of use: take another {field}.", field=field)


def prepare_session(
    *,
    plan: TreatmentPlan,
    starts_at: datetime,
    practitioner: User,
    room: Room,
    device: Device,
    at: datetime,
) -> TreatmentSession:
    """A session with all its times by the protocol that is in effect, not saved.

    Raises PatientArchived, PlanNotActive, NotBookable, OutOfUse, RoomUnfit, DeviceUnfit, NoVersion.
    """
    require_not_archived(plan.patient.archived_at is not None)
    require_active(plan.status)
    for field, resource in (("room", room), ("device", device)):
        if resource.clinic_id != plan.clinic_id:
            raise NotBookable(f"{resource} is not in use at this clinic.", field=field)
        require_in_use(resource, resource.is_active, field)
    require_fit(room, device, area=plan.area)
    protocol = version_in_effect(plan.protocol, at)
    ends_at = starts_at + protocol.duration(plan.planned_zones)
    return TreatmentSession(
        clinic=plan.clinic,
        plan=plan,
        patient=plan.patient,
        area=plan.area,
        practitioner=practitioner,
        room=room,
        device=device,
        occupied_from=starts_at - timedelta(minutes=protocol.setup_minutes),
        starts_at=starts_at,
        ends_at=ends_at,
        released_at=ends_at + timedelta(minutes=protocol.cleaning_minutes),
        recovers_at=recovery_end(starts_at, protocol, plan.clinic.zone),
        protocol_version=protocol,
        time_zone=plan.clinic.time_zone,
    )


@retried_transaction
def book_session(
    *,
    plan: TreatmentPlan,
    starts_at: datetime,
    practitioner: User,
    room: Room,
    device: Device,
    at: datetime,
    by: User,
    spacing_override_reason: str = "",
    side_effect_override_reason: str = "",
    rescheduled_from: TreatmentSession | None = None,
    hold_id: UUID | None = None,
) -> TreatmentSession:
    """Book one session of a plan. Uses up the plan's holds on the slot, and the one named.

    Spare queries by a plan that was read `with_booking_facts`; what may have changed since is read
    again behind the locks.

    1. Take the advisory locks (Note [Lock order]).
    2. Refuse what no constraint can know: the past, closing time, an override by the wrong role.
    3. Insert; the constraints have the last word, put into the words of the desk.
    4. Write the history and tell the listeners, in the same transaction.

    Raises InThePast, Closed, PractitionerOff, RoomUnfit, DeviceUnfit, Held, TooSoon,
    OpenSideEffects, ScreeningBlocks, NotACandidate, PractitionerTaken, RoomTaken, DeviceTaken,
    PatientTaken, PlanNotActive, NotBookable, OutOfUse, NoPractitionerHere, PatientArchived,
    NoVersion, OverrideNotAllowed.
    """
    session = prepare_session(
        plan=plan, starts_at=starts_at, practitioner=practitioner, room=room, device=device, at=at
    )
    locks = statement(*locks_for(session), shared=clinic_lock(plan.clinic_id))
    now = booking_facts(session, behind=locks)
    require_open_time(session, now, at=at)
    holds = own_holds(session, at=at, named=hold_id) if now.holds_near or hold_id else []
    if spacing_override_reason:
        require_override_right(by)
        session.spacing_override_reason = spacing_override_reason
        session.spacing_override_by = by
        approve_sooner(session)

    accepted, carried, reason = [], [], side_effect_override_reason
    if now.unhealed:
        unhealed = side_effect_findings(session, at=at)
        grave = [finding for finding in unhealed if finding.severity == Severity.BLOCK]
        accepted = accept(grave, reason=reason, by=by, otherwise=OpenSideEffects)
    if now.ruled_out and rescheduled_from is None:
        found = ruling_out(session)
        accepted += accept(found, reason=reason, by=by, otherwise=ScreeningBlocks)
    if now.not_a_candidate:
        found = candidacy_findings(session)
        if rescheduled_from:
            carried = carried_over(found, session, moved=rescheduled_from)
        if not carried:
            accepted += accept(found, reason=reason, by=by, otherwise=NotACandidate)

    session.rescheduled_from = rescheduled_from
    insert(session, at=at)
    overrides = [override_row(session, one, reason=reason, at=at, by=by) for one in accepted]
    SessionFinding.objects.bulk_create([*carried, *overrides])
    finish_booking(session, holds, at=at, by=by)
    return session


def finish_booking(
    session: TreatmentSession, holds: list[Hold], *, at: datetime, by: User | None
) -> None:
    """What follows on the insert of a visit of whichever kind: its holds end, its history begins,
    and the listeners hear of it."""
    consume_holds(holds, session, at=at, by=by)
    EVENT.one(SessionEvent(session=session, old_status="", new_status=session.status, at=at, by=by))
    session_moved.send(TreatmentSession, session=session, old="", new=session.status, at=at, by=by)


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
    PractitionerOff, OutOfUse.
    """
    if session.starts_at < at - GRACE:
        raise InThePast("The session must start in the future.", field="starts_at")
    if now.visit_type is None:
        raise OutOfUse("The clinic does not offer this kind of visit.", field="visit_type")
    session.visit_type_id = now.visit_type
    require_presence(session, now)
    require_in_use(session.room, now.room_in_use, "room")
    require_in_use(session.device, now.device_in_use, "device")
    is_treatment = session.kind == Kind.TREATMENT
    require_not_archived(now.archived, field="plan" if is_treatment else "patient")
    if is_treatment:
        require_active(now.plan_status)


def require_override_right(by: User) -> None:
    if not by.has_perm("treatment_sessions.override"):
        raise OverrideNotAllowed("Ask a practitioner to book this session.")


def accept(
    found: list[Finding], *, reason: str, by: User, otherwise: type[Conflict]
) -> list[Finding]:
    """What a practitioner books in spite of, with a reason; else it is refused."""
    if found and not reason:
        raise otherwise(
            " ".join(finding.message for finding in found)
            + " Only a practitioner may book in spite of it.",
            field="plan",
            findings=[finding.as_dict() for finding in found],
        )
    if found:
        require_override_right(by)
    return found
