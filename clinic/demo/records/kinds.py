"""A visit of every kind in every phase, so that a newcomer can look at each."""

from datetime import datetime, time, timedelta
from itertools import cycle

from clinic.demo.records.delivered import deliver
from clinic.demo.records.intake import DAY, HOUR
from clinic.models import Clinic, Device, Room, User
from clinic.values.wallclock import instant_of
from sessions import services
from sessions.lifecycle import PlanStatus, Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import first_free
from sessions.scheduling.wanted import VisitRequest

# How many days from today it is booked for, and what has become of it.
PHASES: list[tuple[int, list[Status]]] = [
    (3, []),
    (4, [Status.CONFIRMED]),
    (5, [Status.CANCELLED]),
    (0, [Status.CHECKED_IN]),
    (-9, [Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED]),
    (-10, [Status.NO_SHOW]),
]
CODES = ("consultation", "check", "test-spot", "outcome-90d")
MORNING = time(10)


def book_every_kind(clinic: Clinic, now: datetime) -> None:
    """For the patients of the clinic, one after the other; and one treatment is confirmed."""
    plans = TreatmentPlan.objects.with_booking_facts().filter(
        clinic=clinic,
        status__in=(PlanStatus.ACTIVE, PlanStatus.COMPLETED),
        patient__archived_at=None,
    )
    whose = cycle(plans.order_by("pk"))
    for visit_type in VisitType.objects.filter(clinic=clinic, code__in=CODES).order_by("pk"):
        for days, statuses in PHASES:
            _visit(visit_type, next(whose), days, statuses, now=now)
    _confirm_a_treatment(clinic, now)


def _visit(
    visit_type: VisitType, plan: TreatmentPlan, days: int, statuses: list[Status], *, now: datetime
) -> None:
    zone, patient = plan.clinic.zone, plan.patient
    about = None if visit_type.kind == Kind.CONSULTATION else plan
    day = now.astimezone(zone).date() + days * DAY
    after = instant_of(day, MORNING, zone) if days else now
    booked_at = min(now - DAY, after - 3 * DAY)
    slot = first_free(
        wanted=VisitRequest(visit_type, patient, about),
        after=after,
        practitioner_id=None,
        at=booked_at,
    )
    assert slot  # this clinic never closes
    by = User.objects.get(pk=slot.practitioner_id)
    session = services.book_visit(
        visit_type=visit_type,
        patient=patient,
        plan=about,
        starts_at=slot.starts_at,
        practitioner=by,
        room=Room.objects.get(pk=slot.room_id) if slot.room_id else None,
        device=Device.objects.get(pk=slot.device_id) if slot.device_id else None,
        at=booked_at,
        by=by,
    )
    for status in statuses:
        at = _moment(session, status, now=now)
        deliver(patient, at)
        services.move_session(session_id=session.pk, to=status, at=at, by=by)
    deliver(patient, now)


def _moment(session: TreatmentSession, status: Status, *, now: datetime) -> datetime:
    """When that happens to a visit: what is still to come changes today."""
    wait: dict[Status, timedelta] = {
        Status.CHECKED_IN: -HOUR / 6,
        Status.COMPLETED: session.ends_at - session.starts_at,
        Status.NO_SHOW: HOUR,
    }
    return min(now, session.starts_at + wait.get(status, timedelta()))


def _confirm_a_treatment(clinic: Clinic, now: datetime) -> None:
    booked = TreatmentSession.objects.filter(
        clinic=clinic, kind=Kind.TREATMENT, status=Status.BOOKED, starts_at__gt=now + DAY
    )
    if session := booked.order_by("-starts_at").first():
        services.move_session(
            session_id=session.pk, to=Status.CONFIRMED, at=now, by=session.practitioner
        )
