"""What a clinic reports by month: visits, how far its hours were used, side effects, stock."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth

from clinic.db.prepared import Prepared
from clinic.db.replica import reading, reads_aside
from clinic.models import CartridgeLot, Clinic, Role, User
from clinic.values.wallclock import day_bounds
from sessions.figures.cuts import FEWEST_OF_CELL, DepthBand, depth_band
from sessions.figures.rows.scope import Scope
from sessions.figures.rows.side_effects import Events, needled
from sessions.lifecycle import OCCUPIES, SIGNED, Status
from sessions.models import TreatmentSession
from sessions.scheduling.presence_sql import ANYONE, THERE, opening_hours

# The hours in which each of the people could be booked, by the rules of a booking, in each month.
THERE_BY_MONTH = Prepared(
    "there_by_month",
    f"""{opening_hours(ANYONE)}
SELECT owner, begins, sum(extract(epoch FROM upper(part) - lower(part))) / 60
FROM people CROSS JOIN LATERAL unnest(ids) AS owner
CROSS JOIN LATERAL (SELECT {THERE} AS hours FROM (SELECT owner AS person) AS me OFFSET 0) AS there
CROSS JOIN LATERAL unnest(%(begins)s, %(ends)s) AS month (begins, until)
CROSS JOIN LATERAL unnest(there.hours * tstzmultirange(tstzrange(begins, until))) AS part
GROUP BY owner, begins
""",  # noqa: S608  parts of statements
    types={
        "clinic": "uuid",
        "zone": "text",
        "roles": "text[]",
        "practitioner": "uuid",
        "others": "bool",
        "first": "date",
        "last": "date",
        "begins": "timestamptz[]",
        "ends": "timestamptz[]",
    },
)


@dataclass(frozen=True)
class Period:
    """Whole months of a clinic, on its clock; of one practitioner if one is asked for."""

    clinic: Clinic
    months: list[date]  # the first day of each
    after: date  # the first day that is no longer in it
    practitioner: User | None = None

    @property
    def bounds(self) -> list[tuple[datetime, datetime]]:
        zone = self.clinic.zone
        firsts = [day_bounds(day, zone)[0] for day in [*self.months, self.after]]
        return list(pairwise(firsts))

    @property
    def rows(self) -> Any:
        """Its visits; a sitting of several areas once."""
        rows = TreatmentSession.objects.filter(
            clinic=self.clinic,
            sitting=None,
            starts_at__gte=self.bounds[0][0],
            starts_at__lt=self.bounds[-1][1],
        )
        return rows.filter(practitioner=self.practitioner) if self.practitioner else rows

    def by_month(self) -> Any:
        month = TruncMonth("starts_at", tzinfo=self.clinic.zone)
        return self.rows.annotate(month=month).order_by()


@dataclass(frozen=True)
class Visits:
    """The visits of one month, by what became of them."""

    month: date
    booked: int = 0
    done: int = 0
    missed: int = 0
    cancelled: int = 0
    cancelled_late: int = 0

    @property
    def share_missed(self) -> float | None:
        """Of those that were done or missed."""
        return self.missed / (self.done + self.missed) if self.done + self.missed else None


@reads_aside
def visits_by_month(period: Period) -> list[Visits]:
    """One statement. What was moved to another time is counted there alone."""
    rows = period.by_month().filter(rescheduled_to=None).values("month")
    counted = rows.annotate(
        booked=Count("pk"),
        done=Count("pk", filter=Q(status__in=SIGNED)),
        missed=Count("pk", filter=Q(status=Status.NO_SHOW)),
        cancelled=Count("pk", filter=Q(status=Status.CANCELLED)),
        cancelled_late=Count("pk", filter=Q(status=Status.CANCELLED, is_late_cancel=True)),
    )
    found = {row.pop("month").date(): row for row in counted}
    return [Visits(month, **found.get(month, {})) for month in period.months]


@dataclass(frozen=True)
class Use:
    """The hours of one practitioner in one month: could be booked, and were."""

    month: date
    who: str
    hours: float
    booked: float

    @property
    def share(self) -> float | None:
        return self.booked / self.hours if self.hours else None


@reads_aside
def use_of_hours(period: Period) -> list[Use]:
    """Three statements: the hours by the rules that bookings are made by."""
    there = _there(period)
    length = F("ends_at") - F("starts_at")
    rows = period.by_month().filter(status__in=OCCUPIES).values("month", "practitioner")
    booked: dict[tuple[UUID, date], float] = {
        (row["practitioner"], row["month"].date()): row["length"].total_seconds() / 3600
        for row in rows.annotate(length=Sum(length))
    }
    people = User.objects.in_bulk({who for who, _ in {**there, **booked}})
    named = sorted(people.values(), key=lambda one: (one.last_name, one.username))
    return [
        Use(month, str(one), there.get((one.pk, month), 0), booked.get((one.pk, month), 0))
        for month in period.months
        for one in named
        if (one.pk, month) in there or (one.pk, month) in booked
    ]


def _there(period: Period) -> dict[tuple[UUID, date], float]:
    values = {
        "clinic": period.clinic.pk,
        "zone": period.clinic.time_zone,
        "roles": [str(Role.PRACTITIONER)],
        "practitioner": period.practitioner and period.practitioner.pk,
        "others": False,
        "first": period.months[0],
        "last": period.after,
        "begins": [start for start, _ in period.bounds],
        "ends": [end for _, end in period.bounds],
    }
    zone = period.clinic.zone
    with reading().cursor() as cursor:
        THERE_BY_MONTH.execute(cursor, values)
        return {
            (who, begins.astimezone(zone).date()): float(minutes) / 60
            for who, begins, minutes in cursor.fetchall()
        }


@dataclass(frozen=True)
class Harm:
    """Treatments of one protocol at one depth, and after how many a side effect was recorded."""

    protocol: str
    band: DepthBand
    treatments: int
    with_effect: int

    @property
    def per_hundred(self) -> float | None:
        """Not of a handful."""
        if self.treatments < FEWEST_OF_CELL:
            return None
        return 100 * self.with_effect / self.treatments


@reads_aside
def side_effects(period: Period) -> list[Harm]:
    """One statement: the treatments that the page “Figures” counts."""
    scope = Scope(period.clinic, period.months[0], date.fromordinal(period.after.toordinal() - 1))
    rows = needled(scope).annotate(has_event=Events().exist("pk")).order_by()
    if period.practitioner:
        rows = rows.filter(practitioner=period.practitioner)
    count: dict[tuple[str, DepthBand], list[int]] = defaultdict(lambda: [0, 0])
    for protocol, deep, has_event in rows.values_list(
        "protocol_version__protocol__name", "deepest", "has_event"
    ):
        cell = count[protocol, depth_band(deep)]
        cell[0] += 1
        cell[1] += has_event
    order = list(DepthBand)
    return [
        Harm(protocol, band, *numbers)
        for (protocol, band), numbers in sorted(
            count.items(), key=lambda one: (one[0][0], order.index(one[0][1]))
        )
    ]


@reads_aside
def stock(period: Period) -> list[Any]:
    """One statement: each lot that was in store or used then, with what is `left` of it now."""
    start, end = period.bounds[0][0], period.bounds[-1][1]
    of_period = Q(uses__session__starts_at__gte=start, uses__session__starts_at__lt=end)
    lots = CartridgeLot.objects.filter(clinic=period.clinic).select_related("device_model")
    counted = lots.annotate(used=Count("uses"), used_then=Count("uses", filter=of_period))
    known = counted.filter(Q(used__lt=F("quantity")) | Q(used_then__gt=0))
    found: list[Any] = list(known.order_by("expires_on", "lot", "pk"))
    for lot in found:
        lot.left = lot.quantity - lot.used
    return found
