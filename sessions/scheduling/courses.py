"""How far the plans have come that a session belongs to: one for each of its areas."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery

from clinic.db.among import Among
from sessions.lifecycle import UPCOMING, PlanKind, PlanStatus, Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession
from sessions.models.plan import days_of_months

STILL_TO_COME = (*UPCOMING, Status.CHECKED_IN, Status.IN_PROGRESS)


@dataclass
class Course:
    """The sessions of one plan."""

    status: str = PlanStatus.ACTIVE
    planned: int = 0
    area: tuple[str, str] = ("", "")  # code and name
    own_days: int = 0  # from the session that looks at it until the next one of the plan
    kept_up_by: UUID | None = None  # the maintenance of that skin that has not begun yet…
    kept_up_days: int = 0  # …and its interval
    completed: list[datetime] = field(default_factory=list)  # their starts
    still_to_come: set[UUID] = field(default_factory=set)  # what leads their sittings
    visits: dict[str, datetime] = field(default_factory=dict)  # the latest start, by kind of visit

    def has_next(self, session: TreatmentSession) -> bool:
        return bool(self.still_to_come - {session.pk})

    def went_on_after(self, session: TreatmentSession) -> bool:
        return any(starts_at > session.starts_at for starts_at in self.completed)

    def is_followed_by(self, visit_type: str, session: TreatmentSession) -> bool:
        starts_at = self.visits.get(visit_type)
        return starts_at is not None and starts_at > session.starts_at

    def note(
        self,
        session_id: UUID,
        sitting: UUID | None,
        kind: str,
        visit_type: str,
        status: str,
        starts_at: datetime,
    ) -> None:
        """What one session of the plan, in the order of their starts, says about it."""
        if kind != Kind.TREATMENT:
            if status in (*STILL_TO_COME, Status.COMPLETED):
                self.visits[visit_type] = starts_at
        elif status == Status.COMPLETED:
            self.completed.append(starts_at)
        elif status in STILL_TO_COME:
            self.still_to_come.add(sitting or session_id)

    @property
    def _is_over(self) -> bool:
        is_done = len(self.completed) >= self.planned
        return self.status == PlanStatus.COMPLETED or (self.status == PlanStatus.ACTIVE and is_done)

    @property
    def goes_on_with(self) -> UUID | None:
        """The maintenance plan that follows once all of it is done."""
        return self.kept_up_by if self._is_over else None

    @property
    def has_sessions_left(self) -> bool:
        if self.goes_on_with:
            return True
        return self.status == PlanStatus.ACTIVE and len(self.completed) < self.planned

    @property
    def target_min_days(self) -> int:
        """Until the next session of it, or the first of the maintenance that follows."""
        return self.kept_up_days if self.goes_on_with else self.own_days


def courses_of(ids: Iterable[UUID]) -> dict[UUID, list[Course]]:
    """The courses that some sessions belong to, by session: of a sitting those of all its areas
    that were not left out, the leading one first. In one query.

    A plan that is done goes on with the maintenance of its skin. One outcome visit looks at all
    areas of a sitting, whichever plan it is booked for.
    """
    wanted = set(ids)
    seen_from = TreatmentSession.objects.filter(Q(pk__in=wanted) | Q(sitting__in=wanted))
    rows = TreatmentSession.objects.filter(Among("plan", seen_from.values("plan")))
    by_plan: dict[UUID, Course] = {}
    found: dict[UUID, list[Course]] = {}
    fields = (
        rows.annotate(**_kept_up())
        .order_by("starts_at")
        .values_list(
            *("plan", "plan__status", "plan__planned_sessions", "plan__interval_months"),
            *("kept_up_by", "kept_up_months"),
            *("area__code", "area__name"),
            *("pk", "sitting", "kind", "visit_type__code", "status", "starts_at"),
            "protocol_version__target_min_days",
        )
    )
    for plan, status, planned, months, kept_up_by, kept_up_months, code, name, *row, days in fields:
        course = by_plan.setdefault(plan, Course(status, planned))
        course.note(*row)
        pk, sitting, kind, _, session_status, _ = row
        leading = sitting or pk
        is_left_out = sitting and session_status == Status.CANCELLED
        if leading in wanted and kind == Kind.TREATMENT and not is_left_out:
            areas = found.setdefault(leading, [])
            areas.insert(
                len(areas) if sitting else 0,
                replace(
                    course,
                    area=(code, name),
                    own_days=days_of_months(months) or days,
                    kept_up_by=kept_up_by,
                    kept_up_days=days_of_months(kept_up_months) or 0,
                ),
            )
    for areas in found.values():
        visits = _latest(course.visits for course in areas)
        for course in areas:
            course.visits = visits
    return found


def _kept_up() -> dict[str, Subquery]:
    """Of each session the maintenance plan of its skin that is active and has no session yet."""
    begun = TreatmentSession.objects.filter(
        plan=OuterRef("pk"), status__in=(*STILL_TO_COME, Status.COMPLETED)
    )
    plans = TreatmentPlan.objects.filter(
        ~Exists(begun),
        patient=OuterRef("patient"),
        area=OuterRef("area"),
        kind=PlanKind.MAINTENANCE,
        status=PlanStatus.ACTIVE,
    ).order_by("pk")
    return {
        "kept_up_by": Subquery(plans.values("pk")[:1]),
        "kept_up_months": Subquery(plans.values("interval_months")[:1]),
    }


def _latest(visits: Iterable[dict[str, datetime]]) -> dict[str, datetime]:
    latest: dict[str, datetime] = {}
    for starts in visits:
        for code, starts_at in starts.items():
            latest[code] = max(starts_at, latest.get(code, starts_at))
    return latest
