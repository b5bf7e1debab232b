"""Plans that were carried out, and their scores."""

from collections.abc import Iterable

from django.db.models import Count, Max, Min, Q

from sessions.figures.cuts import depth_band
from sessions.figures.outcomes import Course, Score
from sessions.figures.rows.scope import Scope, of_group
from sessions.lifecycle import Status
from sessions.models import Kind, Milestone, OutcomeMeasure, TreatmentSession


def courses(scope: Scope) -> list[Course]:
    """The plans that began in the period, with all of their sessions, and no scores yet."""
    done = Q(status=Status.COMPLETED)
    start, end = scope.bounds
    rows = (
        TreatmentSession.objects.occupying()
        .filter(
            Q(clinic=scope.clinic, kind=Kind.TREATMENT)
            & (Q(area=scope.area) if scope.area else Q())
            & (Q(plan__concern=scope.concern) if scope.concern else Q())
            & of_group(scope.group, "patient__skin_type")
        )
        .order_by()
        .values("plan_id", "patient_id")
        .annotate(
            n=Count("pk", filter=done, distinct=True),
            first_at=Min("starts_at", filter=done),
            last_at=Max("starts_at", filter=done),
            still_to_come=Count("pk", filter=~done, distinct=True),
            deepest=Max("zone_treatments__depth_mm", filter=done),
        )
        .filter(first_at__gte=start, first_at__lt=end)
    )
    zone = scope.clinic.zone
    return [
        Course(
            plan_id=row["plan_id"],
            patient_id=row["patient_id"],
            band=depth_band(row["deepest"]),
            sessions=row["n"],
            first_on=row["first_at"].astimezone(zone).date(),
            last_on=row["last_at"].astimezone(zone).date(),
            is_over=not row["still_to_come"],
        )
        for row in rows
    ]


def add_scores(
    courses: Iterable[Course], scope: Scope, *, scale: str, rater_role: str, milestone: str
) -> None:
    """The scores of whole areas on one scale, from before and of the milestone."""
    by_plan = {course.plan_id: course for course in courses}
    rows = OutcomeMeasure.objects.filter(
        clinic=scope.clinic,
        scale__code=scale,
        rater_role=rater_role,
        zone__isnull=True,
        milestone__in=[Milestone.BASELINE, milestone],
    )
    found = rows.order_by("measured_at", "pk")
    for plan_id, of, at, value in found.values_list("plan_id", "milestone", "measured_at", "score"):
        if course := by_plan.get(plan_id):
            scores = course.baselines if of == Milestone.BASELINE else course.results
            scores.append(Score(at.astimezone(scope.clinic.zone).date(), value))
