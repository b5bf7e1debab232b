"""Booking a session, and moving it to another time."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from clinic.errors import Conflict, DomainError, NotAllowed
from clinic.locks import lock
from clinic.models import Device, Room, User
from patients.services import PatientArchived
from sessions.availability import is_open
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.services.moves import move_session
from sessions.services.plans import require_practitioner
from sessions.signals import session_moved
from sessions.spacing import approve_sooner, explain_too_soon, recovered_at, too_close

CLASHES = {
    "session_area_recovered",
    "session_patient_free",
    "session_practitioner_free",
    "session_room_free",
    "session_device_free",
}
# A walk-in is typed in a few minutes after it began.
GRACE = timedelta(minutes=15)


class NotBookable(DomainError):
    code = "not_bookable"
    title = "This cannot be booked"


class InThePast(DomainError):
    code = "in_the_past"
    title = "This time has passed"


class Closed(Conflict):
    code = "closed"
    title = "The clinic is closed then"


class PractitionerTaken(Conflict):
    code = "practitioner_taken"
    title = "The practitioner is already booked"


class RoomTaken(Conflict):
    code = "room_taken"
    title = "The room is already booked"


class DeviceTaken(Conflict):
    code = "device_taken"
    title = "The device is already booked"


class PatientTaken(Conflict):
    code = "patient_taken"
    title = "The patient already has a session"


class OverrideNotAllowed(NotAllowed):
    code = "override_not_allowed"
    title = "Only a practitioner may approve a sooner session"


def prepare_session(
    *, plan: TreatmentPlan, starts_at: datetime, practitioner: User, room: Room, device: Device
) -> TreatmentSession:
    """A session with all its times, not saved. Raises NotBookable, NoPractitionerHere."""
    if plan.patient.archived_at:
        raise PatientArchived("This patient's record is archived.", field="plan")
    require_practitioner(practitioner, clinic_id=plan.clinic_id)
    for field, resource in (("room", room), ("device", device)):
        if resource.clinic_id != plan.clinic_id or not resource.is_active:
            raise NotBookable(f"{resource} is not in use at this clinic.", field=field)
    ends_at = starts_at + timedelta(minutes=plan.protocol.duration_minutes)
    return TreatmentSession(
        clinic=plan.clinic,
        plan=plan,
        patient=plan.patient,
        area=plan.area,
        practitioner=practitioner,
        room=room,
        device=device,
        starts_at=starts_at,
        ends_at=ends_at,
        released_at=ends_at + timedelta(minutes=plan.protocol.cleaning_minutes),
        recovers_at=recovered_at(starts_at, plan.protocol, plan.clinic.zone),
        time_zone=plan.clinic.time_zone,
    )


@transaction.atomic
def book_session(
    *,
    plan_id: Any,
    starts_at: datetime,
    practitioner: User,
    room: Room,
    device: Device,
    at: datetime,
    by: User,
    spacing_override_reason: str = "",
    rescheduled_from: TreatmentSession | None = None,
) -> TreatmentSession:
    """Book one session of a plan.

    1. Take the advisory locks (Note [Lock order]).
    2. Refuse what no constraint can know: the past, closing time, an override by the wrong role.
    3. Insert; the constraints have the last word, put into the words of the desk.
    4. Write the history and tell the listeners, in the same transaction.

    Raises InThePast, Closed, TooSoon, PractitionerTaken, RoomTaken, DeviceTaken, PatientTaken,
    NotBookable, NoPractitionerHere, PatientArchived, OverrideNotAllowed.
    """
    plan = TreatmentPlan.objects.select_related("clinic", "patient", "area", "protocol").get(
        pk=plan_id
    )
    session = prepare_session(
        plan=plan, starts_at=starts_at, practitioner=practitioner, room=room, device=device
    )
    lock(
        f"practitioner:{practitioner.pk}",
        f"room:{room.pk}",
        f"device:{device.pk}",
        f"patient:{plan.patient_id}",
    )

    if starts_at < at - GRACE:
        raise InThePast("The session must start in the future.", field="starts_at")
    if not is_open(plan.clinic, session.starts_at, session.ends_at):
        raise Closed(
            f"{plan.clinic} is not open for the whole session, "
            f"{session.starts_at_local:%A %d %b %Y from %H:%M}.",
            field="starts_at",
        )
    if spacing_override_reason:
        if not by.has_perm("treatment_sessions.override_spacing"):
            raise OverrideNotAllowed("Ask a practitioner to book this session.")
        session.spacing_override_reason = spacing_override_reason
        session.spacing_override_by = by
        approve_sooner(session)

    session.rescheduled_from = rescheduled_from
    try:
        with transaction.atomic():
            session.save(force_insert=True)
    except IntegrityError as error:
        raise explain_clash(error, session) from error
    session.events.create(old_status="", new_status=session.status, at=at, by=by)
    session_moved.send(TreatmentSession, session=session, old="", new=session.status, at=at, by=by)
    return session


def explain_clash(error: IntegrityError, session: TreatmentSession) -> Exception:
    """The words for the constraint that refused `session`; never whose booking is in the way.

    PostgreSQL names the first constraint that it checked. If the skin has not recovered either,
    that is the answer, because no other room or practitioner would help.
    """
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if constraint in CLASHES and too_close(session).exists():
        return explain_too_soon(session)
    when = f"{session.starts_at_local:%d %b %Y at %H:%M}"
    match constraint:
        case "session_practitioner_free":
            return PractitionerTaken(
                f"{session.practitioner} is already booked on {when}.", field="practitioner"
            )
        case "session_room_free":
            return RoomTaken(f"{session.room} is already booked on {when}.", field="room")
        case "session_device_free":
            return DeviceTaken(f"{session.device} is already booked on {when}.", field="device")
        case "session_patient_free":
            return PatientTaken(f"The patient already has a session on {when}.", field="starts_at")
    return error


@transaction.atomic
def reschedule_session(
    *,
    session_id: Any,
    starts_at: datetime,
    practitioner: User | None = None,
    room: Room | None = None,
    device: Device | None = None,
    at: datetime,
    by: User,
    reason: str = "",
) -> TreatmentSession:
    """Move a session to another time: cancel it and book the new one, both or neither.

    What is not given stays as it is. Returns the new session, whose `rescheduled_from` is the
    old one. Raises what `book_session` raises, and IllegalMove.
    """
    old = TreatmentSession.objects.select_related("practitioner", "room", "device").get(
        pk=session_id
    )
    practitioner, room, device = (
        practitioner or old.practitioner,
        room or old.room,
        device or old.device,
    )
    lock(
        f"practitioner:{practitioner.pk}",
        f"room:{room.pk}",
        f"device:{device.pk}",
        f"patient:{old.patient_id}",
    )
    move_session(session_id=session_id, to=Status.CANCELLED, at=at, by=by, reason=reason)
    return book_session(
        plan_id=old.plan_id,
        starts_at=starts_at,
        practitioner=practitioner,
        room=room,
        device=device,
        at=at,
        by=by,
        rescheduled_from=old,
    )
