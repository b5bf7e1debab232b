"""What patients do with their visits on the pages behind their links, by the rules of the desk."""

from datetime import date, datetime
from uuid import UUID

from aftercare.services.next_visit import without_washouts
from clinic.db.retries import Busy, retried_transaction
from clinic.errors import DomainError
from clinic.models import Device, Room, User
from clinic.values.moments import date_in_words
from patients.models import TaskKind
from patients.services import raise_task
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession
from sessions.models.session import IllegalMove
from sessions.safety.loading.washouts import load_washouts
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import wanted_by
from sessions.services import move_session, reschedule_session
from sessions.services.booking.sitting.areas import open_plans

CANCELLED_BY_PATIENT = "Cancelled by the patient on the page."
MOVED_BY_PATIENT = "Moved by the patient on the page."


@retried_transaction
def cancel_own_visit(*, session_id: UUID, why: str, at: datetime) -> None:
    """The desk is told; the patient gets the message of every cancellation, at the address that is
    known."""
    session = TreatmentSession.objects.select_related("clinic", "patient").get(pk=session_id)
    try:
        move_session(
            session_id=session.pk,
            to=Status.CANCELLED,
            at=at,
            by=None,
            reason=CANCELLED_BY_PATIENT,
        )
    except IllegalMove:  # cancelled, or begun, since the page was opened: it shows how things are
        return
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.CHANGE_WANTED,
        title=f"Has cancelled: {session.patient}",
        detail="\n".join(filter(None, (date_in_words(session.starts_at_local, "j M Y, H:i"), why))),
        source=f"cancelled-by-patient:{session.pk}",
        at=at,
    )


@retried_transaction
def move_own_visit(*, session_id: UUID, starts_at: datetime, at: datetime) -> bool:
    """By the service and the locks of the desk; False if the time is no longer free."""
    session = TreatmentSession.objects.select_related("clinic").get(pk=session_id)
    day = starts_at.astimezone(session.clinic.zone).date()
    found = times_to_move_to(session, first=day, last=day, at=at)
    offer = next((one for one in found if one.starts_at == starts_at), None)
    if offer is None:
        return False
    try:
        reschedule_session(
            session_id=session.pk,
            starts_at=starts_at,
            practitioner=User.objects.get(pk=offer.practitioner_id),
            room=Room.objects.get(pk=offer.room_id) if offer.room_id else None,
            device=Device.objects.get(pk=offer.device_id) if offer.device_id else None,
            at=at,
            by=None,
            reason=MOVED_BY_PATIENT,
        )
    except Busy:
        raise
    except DomainError:  # somebody was faster, or a rule is against it that the desk can weigh
        return False
    return True


def times_to_move_to(
    session: TreatmentSession, *, first: date, last: date, at: datetime
) -> list[Offer]:
    """What is free from one local day to another if the visit leaves its own time, on days without
    a washout."""
    found = offers(
        wanted=wanted_by(session),
        first=first,
        last=last,
        practitioner_id=session.practitioner_id,
        others=True,
        at=at,
        moving=session,
    )
    if found and session.kind == Kind.TREATMENT:
        plans = open_plans(session)
        found = without_washouts(found, load_washouts(plans, at=at), plans)
    return [offer for offer in found if offer.starts_at != session.starts_at]
