"""How many visits came about: of those booked, and of the outcome visits that were due."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from sessions.lifecycle import SIGNED, Status
from sessions.models import TreatmentSession, VisitType, VisitTypeQuerySet


def attendance(rows: VisitTypeQuerySet, first: date, last: date, *, at: datetime) -> QuerySet[Any]:
    """The kinds among `rows`, with how many visits of the days from `first` to `last` were
    `attended`, `missed` and `cancelled_late`, a sitting once. Those that are due after the last
    session also with `due`: the courses whose window closed on one of the days, and `came`: those
    of them that had the visit; others with None.

    A window that is still open at `at` is not counted yet: the patient may come. The days are those
    of UTC: a window of weeks is no more exact.
    """
    day = timedelta(days=1)
    ends = datetime.combine(last + day, time(), UTC)
    until = min(ends, at)
    window = ExpressionWrapper(
        (OuterRef("window_until_days") + 1) * Value(day), output_field=DurationField()
    )
    later = TreatmentSession.objects.about_sitting().filter(starts_at__gt=OuterRef("starts_at"))
    ended = TreatmentSession.objects.ending_courses().filter(
        clinic=OuterRef("clinic"),
        starts_at__gte=Value(datetime.combine(first, time(), UTC)) - window,
        starts_at__lt=Value(until) - window,
    )
    had = later.filter(visit_type=OuterRef(OuterRef("pk")), status=Status.COMPLETED)
    of_days = TreatmentSession.objects.filter(
        visit_type=OuterRef("pk"),
        clinic=OuterRef("clinic"),
        starts_at__gte=datetime.combine(first, time(), UTC),
        starts_at__lt=ends,
    )
    has_window = Q(pk__in=VisitType.objects.after_last_session())
    return rows.annotate(
        attended=_count(of_days.filter(status__in=SIGNED)),
        missed=_count(of_days.filter(status=Status.NO_SHOW)),
        cancelled_late=_count(of_days.filter(is_late_cancel=True)),
        due=Case(When(has_window, then=_count(ended))),
        came=Case(When(has_window, then=_count(ended.filter(Exists(had))))),
    )


def _count(rows: QuerySet[TreatmentSession]) -> Coalesce:
    sitting = Coalesce("sitting", "pk")
    one = rows.order_by().values("clinic").annotate(n=Count(sitting, distinct=True)).values("n")
    return Coalesce(Subquery(one), 0)
