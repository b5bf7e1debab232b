"""The outcome visits that follow on the last session of a plan: when each could be, and who hears
that one was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext

from clinic.db.retries import retried_transaction
from clinic.models import User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import instant_of
from patients.models import StaffTask, TaskKind
from patients.services.tasks import raise_task
from sessions.lifecycle import PlanStatus, Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import VisitRequest
from sessions.services.booking.sitting.areas import areas_together

# A window that closed longer ago raises no task: a clinic that begins, or was down, is not flooded.
STILL_WORTH_A_CALL = timedelta(days=14)


@dataclass(frozen=True)
class FollowUp:
    """One outcome visit that can be booked. `shift` says why it is not at the usual time."""

    plan: TreatmentPlan
    visit_type: VisitType
    slot: Offer
    shift: str = ""


def propose_follow_up(
    *,
    plan: TreatmentPlan,
    at: datetime,
    practitioner: User | None = None,
    further_plans: Sequence[TreatmentPlan] = (),
) -> list[FollowUp]:
    """A time for each outcome visit of the plan that nobody has booked, in its window; with
    `further_plans` those of them too, none at the time of another. What ended in one sitting is
    looked at in one visit.

    On the weekday and at the time of the last session, as near to the middle of the window as can
    be; else at the nearest free time to it. Nothing before the plan's last session is done, and
    nothing for a window that has closed or is full. Nothing is kept. Raises NotBookable.
    """
    areas_together(plan, further_plans)
    found: list[FollowUp] = []
    asked: set[tuple[UUID, VisitType]] = set()
    for each in (plan, *further_plans):
        last = last_session(each)
        if last is None:
            continue
        wanted = [kind for kind in _not_booked(last) if (last.leading_id, kind) not in asked]
        asked |= {(last.leading_id, kind) for kind in wanted}
        for visit_type in wanted:
            who = practitioner or last.practitioner
            taken = [proposed.slot for proposed in found]
            if proposed := _in_window(each, visit_type, last, at=at, who=who, taken=taken):
                found.append(proposed)
    return found


def _not_booked(last: TreatmentSession) -> Iterable[VisitType]:
    """One visit looks at all areas of a sitting, whichever of their plans it is booked for."""
    plans = TreatmentSession.objects.of_sitting(last.pk).values("plan")
    had = TreatmentSession.objects.occupying().filter(plan__in=plans, kind=Kind.OUTCOME)
    offered = VisitType.objects.after_last_session().filter(clinic=last.clinic_id, is_active=True)
    wanted = offered.exclude(pk__in=had.values("visit_type"))
    return wanted.select_related("clinic").order_by("window_from_days", "pk")


def last_session(plan: TreatmentPlan) -> TreatmentSession | None:
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
    taken: Sequence[Offer],
) -> FollowUp | None:
    zone = plan.clinic.zone
    usual = last.starts_at.astimezone(zone)
    first, until = (
        usual.date() + timedelta(days=days or 0)
        for days in (visit_type.window_from_days, visit_type.window_until_days)
    )
    middle = instant_of(first + (until - first) / 2, usual.time(), zone)
    found = offers(
        wanted=VisitRequest(visit_type, plan.patient, plan),
        first=max(first, at.astimezone(zone).date()),
        last=until,
        practitioner_id=who.pk,
        others=True,
        at=at,
    )
    free = [offer for offer in found if not any(_overlap(offer, other) for other in taken)]

    def is_usual(offer: Offer) -> bool:
        local = offer.starts_at.astimezone(zone)
        return (local.weekday(), local.time()) == (usual.weekday(), usual.time())

    same = [offer for offer in free if is_usual(offer)]
    if not free:
        return None
    slot = min(same or free, key=lambda offer: abs(offer.starts_at - middle))
    shift = (
        ""
        if same
        else gettext("no {day} at {time} is free in its window").format(
            day=date_in_words(usual, "l"), time=f"{usual:%H:%M}"
        )
    )
    return FollowUp(plan, visit_type, slot, shift)


def _overlap(one: Offer, other: Offer) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


@retried_transaction
def raise_missed_follow_ups(*, at: datetime, by: User | None = None) -> int:
    """A task for the desk for each outcome visit whose window has closed without it, once; how many
    were raised. Nobody is asked for whose course has gone on, or whose record is archived."""
    raised = 0
    wanted = VisitType.objects.after_last_session().filter(is_active=True)
    for visit_type in wanted.select_related("clinic").order_by("pk"):
        for last in _missed(visit_type, at):
            raise_task(
                clinic=visit_type.clinic,
                kind=TaskKind.FOLLOW_UP,
                title=gettext("{name} did not take place: call, and offer a time").format(
                    name=visit_type
                ),
                detail=gettext(
                    "The last session was on {day}. How the skin is now is not known."
                ).format(day=date_in_words(last.starts_at_local, "j M Y")),
                source=_source(visit_type, last),
                at=at,
                patient=last.patient,
            )
            raised += 1
    return raised


def _source(visit_type: VisitType, last: TreatmentSession) -> str:
    return f"follow-up:{visit_type.code}:{last.leading_id}"


def _missed(visit_type: VisitType, at: datetime) -> list[TreatmentSession]:
    """Last sessions that this visit should have followed by now, and that no task tells of yet."""
    closed = at - timedelta(days=1 + (visit_type.window_until_days or 0))
    visits = TreatmentSession.objects.occupying().about_sitting()
    followed = visits.filter(visit_type=visit_type, starts_at__gt=OuterRef("starts_at"))
    rows = (
        TreatmentSession.objects.ending_courses()
        .filter(
            ~Exists(followed),
            clinic=visit_type.clinic_id,
            starts_at__gt=closed - STILL_WORTH_A_CALL,
            starts_at__lte=closed,
            patient__archived_at=None,
            plan__status__in=(PlanStatus.ACTIVE, PlanStatus.COMPLETED),
        )
        .select_related("patient", "clinic")
        .order_by("starts_at", "pk")
    )
    by_source = {_source(visit_type, last): last for last in rows}
    told = set(StaffTask.objects.filter(source__in=by_source).values_list("source", flat=True))
    return [last for source, last in by_source.items() if source not in told]
