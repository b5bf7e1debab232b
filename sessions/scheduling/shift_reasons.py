"""Why a session cannot be at its usual time, in the words of the desk."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from clinic.models import Room, User
from sessions.models import Hold, ProtocolVersion, TreatmentPlan, TreatmentSession
from sessions.scheduling.availability import presence

DAY = timedelta(days=1)


def why_not_at(
    start: datetime,
    *,
    plans: Sequence[tuple[TreatmentPlan, ProtocolVersion]],
    practitioner: User | None,
    at: datetime,
    room: Room | None = None,
) -> str:
    """Why a session of these plans is not proposed at `start`; never whose booking is in the
    way."""
    plan, protocols = plans[0][0], [protocol for _, protocol in plans]
    clinic = plan.clinic
    lasts = (protocol.duration(each.planned_zones) for each, protocol in plans)
    end = start + sum(lasts, timedelta())
    occupied = (
        start - timedelta(minutes=max(protocol.setup_minutes for protocol in protocols)),
        end + timedelta(minutes=max(protocol.cleaning_minutes for protocol in protocols)),
    )
    when = f"{start.astimezone(clinic.zone):%-d %b %Y at %H:%M}"
    if start < at:
        return f"{when} has passed"
    staff = [practitioner] if practitioner else list(_staff(plan))
    if not staff:
        return "nobody treats here"
    there = presence(clinic=clinic, practitioner=staff[0], starts_at=start, ends_at=end)
    if not there.clinic:
        return f"the clinic is closed on {when}"
    if practitioner and not there.practitioner:
        return f"{practitioner} does not work on {when}"
    taken = _taken(start, end, occupied, plan=plan, staff=staff)
    who = str(practitioner) if practitioner else "everyone who treats here"
    if plan.patient_id in taken:
        return f"the patient has another session on {when}"
    if all(person.pk in taken for person in staff):
        return f"{who} is booked on {when}"
    if room and room.pk in taken:
        return f"{room} is taken on {when}"
    for things, name in ((clinic.rooms, "room"), (clinic.devices, "device")):
        fit = Q(areas=[]) | Q(areas__contains=[each.area.code for each, _ in plans])
        ids = things.filter(fit, is_active=True).values_list("pk", flat=True)
        if all(pk in taken for pk in ids):
            return f"no {name} is free on {when}"
    return f"{who} is not available on {when}"


def insured_until(practitioner: User | None) -> date | None:
    """The day on which the last insurance of a practitioner ends; None if there is none, or no
    end."""
    rows = practitioner.credentials.filter(kind="INSURANCE") if practitioner else ()
    ends = [insurance.expires_on for insurance in rows]
    return max((day for day in ends if day), default=None) if None not in ends else None


def _staff(plan: TreatmentPlan) -> Any:
    return User.objects.practitioners().filter(clinics=plan.clinic)


def _taken(
    start: datetime,
    end: datetime,
    occupied: tuple[datetime, datetime],
    *,
    plan: TreatmentPlan,
    staff: Sequence[User],
) -> set[Any]:
    """The ids of whoever and whatever is booked or held at some time of the session. Nothing is
    booked for longer than a day, so indexes by the start find it."""
    taken: set[Any] = set()
    whose = Q(clinic=plan.clinic_id) | Q(patient=plan.patient_id) | Q(practitioner__in=staff)
    sessions: Any = TreatmentSession.objects.occupying().overlapping(*occupied)
    sessions = sessions.filter(whose, starts_at__range=(occupied[0] - DAY, occupied[1]))
    holds: Any = Hold.objects.overlapping(*occupied)
    for row in [*sessions, *holds]:
        taken |= {row.room_id, row.device_id}
        if row.starts_at < end and row.ends_at > start:
            taken |= {row.practitioner_id}
            if isinstance(row, TreatmentSession):
                taken |= {row.patient_id}
    return taken
