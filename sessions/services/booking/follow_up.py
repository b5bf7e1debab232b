"""The outcome visits that follow on the last session of a plan: when each could be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.models import User
from clinic.values.wallclock import instant_of
from sessions.lifecycle import PlanStatus, Status
from sessions.models import CountedFrom, Kind, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import VisitRequest


@dataclass(frozen=True)
class FollowUp:
    """One outcome visit that can be booked. `shift` says why it is not at the usual time."""

    visit_type: VisitType
    slot: Offer
    shift: str = ""


def propose_follow_up(
    *, plan: TreatmentPlan, at: datetime, practitioner: User | None = None
) -> list[FollowUp]:
    """A time for each outcome visit of the plan that nobody has booked, in its window.

    On the weekday and at the time of the last session, as near to the middle of the window as can
    be; else at the nearest free time to it. Nothing before the plan's last session is done, and
    nothing for a window that has closed or is full. Nothing is kept.
    """
    last = _last_session(plan)
    if last is None:
        return []
    had = TreatmentSession.objects.occupying().filter(plan=plan, kind=Kind.OUTCOME)
    wanted = VisitType.objects.filter(
        clinic=plan.clinic_id,
        kind=Kind.OUTCOME,
        counted_from=CountedFrom.LAST_SESSION,
        is_active=True,
    ).exclude(pk__in=had.values("visit_type"))
    found = []
    for visit_type in wanted.select_related("clinic").order_by("window_from_days", "pk"):
        proposed = _in_window(plan, visit_type, last, at=at, who=practitioner or last.practitioner)
        if proposed:
            found.append(proposed)
    return found


def _last_session(plan: TreatmentPlan) -> TreatmentSession | None:
    """The session that ended the course; None while it goes on."""
    treatments = TreatmentSession.objects.occupying().filter(plan=plan, kind=Kind.TREATMENT)
    done = treatments.filter(status=Status.COMPLETED)
    if treatments.exclude(status=Status.COMPLETED).exists():
        return None
    goes_on = plan.status == PlanStatus.ACTIVE and done.count() < plan.planned_sessions
    if goes_on or plan.status not in (PlanStatus.ACTIVE, PlanStatus.COMPLETED):
        return None
    return done.select_related("practitioner").order_by("-starts_at").first()


def _in_window(
    plan: TreatmentPlan,
    visit_type: VisitType,
    last: TreatmentSession,
    *,
    at: datetime,
    who: User,
) -> FollowUp | None:
    zone = plan.clinic.zone
    usual = last.starts_at.astimezone(zone)
    first, until = (
        usual.date() + timedelta(days=days or 0)
        for days in (visit_type.window_from_days, visit_type.window_until_days)
    )
    middle = instant_of(first + (until - first) / 2, usual.time(), zone)
    free = offers(
        wanted=VisitRequest(visit_type, plan.patient, plan),
        first=max(first, at.astimezone(zone).date()),
        last=until,
        practitioner_id=who.pk,
        others=True,
        at=at,
    )

    def is_usual(offer: Offer) -> bool:
        local = offer.starts_at.astimezone(zone)
        return (local.weekday(), local.time()) == (usual.weekday(), usual.time())

    same = [offer for offer in free if is_usual(offer)]
    if not free:
        return None
    slot = min(same or free, key=lambda offer: abs(offer.starts_at - middle))
    shift = "" if same else f"no {usual:%A} at {usual:%H:%M} is free in its window"
    return FollowUp(visit_type, slot, shift)
