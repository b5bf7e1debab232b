"""Why a session cannot be at its usual time, in the words of the desk."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from clinic.models import Room, User
from clinic.values.moments import date_in_words
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
    local = start.astimezone(clinic.zone)
    when = gettext("{day} at {time}").format(
        day=date_in_words(local, "j M Y"), time=f"{local:%H:%M}"
    )
    if start < at:
        return gettext("{when} has passed").format(when=when)
    staff = [practitioner] if practitioner else list(_staff(plan))
    if not staff:
        return gettext("nobody treats here")
    there = presence(clinic=clinic, practitioner=staff[0], starts_at=start, ends_at=end)
    if not there.clinic:
        return gettext("the clinic is closed on {when}").format(when=when)
    if practitioner and not there.practitioner:
        return gettext("{practitioner} does not work on {when}").format(
            practitioner=practitioner, when=when
        )
    taken = _taken(start, end, occupied, plan=plan, staff=staff)
    if plan.patient_id in taken:
        return gettext("the patient has another session on {when}").format(when=when)
    if all(person.pk in taken for person in staff):
        if practitioner is None:
            return gettext("everyone who treats here is booked on {when}").format(when=when)
        return gettext("{practitioner} is booked on {when}").format(
            practitioner=practitioner, when=when
        )
    if room and room.pk in taken:
        return gettext("{room} is taken on {when}").format(room=room, when=when)
    for things, words in (
        (clinic.rooms, gettext_noop("no room is free on {when}")),
        (clinic.devices, gettext_noop("no device is free on {when}")),
    ):
        fit = Q(areas=[]) | Q(areas__contains=[each.area.code for each, _ in plans])
        ids = things.filter(fit, is_active=True).values_list("pk", flat=True)
        if all(pk in taken for pk in ids):
            return gettext(words).format(when=when)
    if practitioner is None:
        return gettext("everyone who treats here is not available on {when}").format(when=when)
    return gettext("{practitioner} is not available on {when}").format(
        practitioner=practitioner, when=when
    )


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
