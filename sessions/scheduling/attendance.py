"""How many of the outcome visits that should have been came about."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import (
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from sessions.lifecycle import Status
from sessions.models import TreatmentSession, VisitType, VisitTypeQuerySet


def attendance(
    rows: VisitTypeQuerySet, first: date, last: date, *, at: datetime
) -> QuerySet[VisitType]:
    """The outcome visits among `rows`, with `due`: the courses whose window closed on a day from
    `first` to `last`, and `came`: those of them that had the visit.

    A window that is still open at `at` is not counted yet: the patient may come. The days are those
    of UTC: a window of weeks is no more exact.
    """
    day = timedelta(days=1)
    until = min(datetime.combine(last + day, time(), UTC), at)
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
    return rows.after_last_session().annotate(
        due=_count(ended), came=_count(ended.filter(Exists(had)))
    )


def _count(rows: QuerySet[TreatmentSession]) -> Coalesce:
    sitting = Coalesce("sitting", "pk")
    one = rows.order_by().values("clinic").annotate(n=Count(sitting, distinct=True)).values("n")
    return Coalesce(Subquery(one), 0)
