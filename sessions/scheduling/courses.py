"""How far the plans have come that a session belongs to: one for each of its areas."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from sessions.lifecycle import UPCOMING, PlanStatus, Status
from sessions.models import Kind, TreatmentSession
from sessions.models.plan import days_of_months

STILL_TO_COME = (*UPCOMING, Status.CHECKED_IN, Status.IN_PROGRESS)


@dataclass
class Course:
    """The sessions of one plan."""

    status: str = PlanStatus.ACTIVE
    planned: int = 0
    area: tuple[str, str] = ("", "")  # code and name
    target_min_days: int = 0  # from the session that looks at it until the next one
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
    def has_sessions_left(self) -> bool:
        return self.status == PlanStatus.ACTIVE and len(self.completed) < self.planned


def courses_of(ids: Iterable[UUID]) -> dict[UUID, list[Course]]:
    """The courses that some sessions belong to, by session: of a sitting those of all its areas
    that were not left out, the leading one first. In one query.

    One outcome visit looks at all areas of a sitting, whichever plan it is booked for.
    """
    wanted = set(ids)
    seen_from = TreatmentSession.objects.filter(Q(pk__in=wanted) | Q(sitting__in=wanted))
    rows = TreatmentSession.objects.filter(plan__in=seen_from.values("plan"))
    by_plan: dict[UUID, Course] = {}
    found: dict[UUID, list[Course]] = {}
    for plan, status, planned, months, code, name, *row, days in rows.order_by(
        "starts_at"
    ).values_list(
        *("plan", "plan__status", "plan__planned_sessions", "plan__interval_months"),
        *("area__code", "area__name"),
        *("pk", "sitting", "kind", "visit_type__code", "status", "starts_at"),
        "protocol_version__target_min_days",
    ):
        course = by_plan.setdefault(plan, Course(status, planned))
        course.note(*row)
        pk, sitting, kind, _, session_status, _ = row
        leading = sitting or pk
        is_left_out = sitting and session_status == Status.CANCELLED
        if leading in wanted and kind == Kind.TREATMENT and not is_left_out:
            areas = found.setdefault(leading, [])
            areas.insert(
                len(areas) if sitting else 0,
                replace(course, area=(code, name), target_min_days=days_of_months(months) or days),
            )
    for areas in found.values():
        visits = _latest(course.visits for course in areas)
        for course in areas:
            course.visits = visits
    return found


def _latest(visits: Iterable[dict[str, datetime]]) -> dict[str, datetime]:
    latest: dict[str, datetime] = {}
    for starts in visits:
        for code, starts_at in starts.items():
            latest[code] = max(starts_at, latest.get(code, starts_at))
    return latest
