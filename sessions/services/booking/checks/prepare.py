"""A session with all its times, before anything is looked up behind locks or written."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext, gettext_noop

from clinic.errors import Conflict, DomainError
from clinic.models import Device, Room, User, in_words
from patients.services import PatientArchived
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.spacing import recovery_end
from sessions.services.booking.checks.presence import require_fit
from sessions.services.plans import version_in_effect


class NotBookable(DomainError):
    code = "not_bookable"
    title = gettext_noop("This cannot be booked")


class OutOfUse(SlotTaken):
    code = "out_of_use"
    title = gettext_noop("This is out of use")


class PlanNotActive(Conflict):
    code = "plan_not_active"
    title = gettext_noop("The plan is not active")


TAKE_ANOTHER = {
    "room": gettext_noop("{resource} is out of use: take another room."),
    "device": gettext_noop("{resource} is out of use: take another device."),
}


def require_active(status: str | None) -> None:
    """Raises PlanNotActive."""
    if status is not None and status != PlanStatus.ACTIVE:
        raise PlanNotActive(
            gettext("The plan is {status}; activate it first.").format(
                status=in_words(PlanStatus, status)
            ),
            field="plan",
        )


def require_not_archived(archived: bool, *, field: str = "plan") -> None:
    """Raises PatientArchived."""
    if archived:
        raise PatientArchived(
            gettext("This patient's record is archived: restore it first."), field=field
        )


def require_in_use(resource: Any, in_use: bool, field: str) -> None:
    """Raises OutOfUse."""
    if not in_use:
        raise OutOfUse(
            gettext(TAKE_ANOTHER[field]).format(resource=resource),
            field=field,
        )


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
            raise NotBookable(
                gettext("{resource} is not in use at this clinic.").format(resource=resource),
                field=field,
            )
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
