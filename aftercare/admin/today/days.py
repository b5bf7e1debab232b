"""The day that is looked at, at each clinic where somebody works."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q

from clinic.admin.forms.clocks import clinics_of
from clinic.models import Clinic, User
from clinic.values.wallclock import day_bounds
from clinic.values.zones import clock_of

# Farther away nothing can be booked, and a calendar of Python ends somewhere.
FARTHEST = timedelta(days=3660)


@dataclass(frozen=True)
class ClinicDay:
    """One clinic's day on its own wall clock: [start, end)."""

    clinic: Clinic
    day: date
    start: datetime
    end: datetime

    @property
    def clock(self) -> str:
        return clock_of(self.clinic.zone)


def days_of(user: User, asked: date | None, *, at: datetime) -> list[ClinicDay]:
    """The day that was asked for, or else today: where the clock is ahead, that may be another."""
    found = []
    for clinic in clinics_of(user):
        day = asked or at.astimezone(clinic.zone).date()
        found.append(ClinicDay(clinic, day, *day_bounds(day, clinic.zone)))
    return found


def read_day(text: str, *, at: datetime) -> date | None:
    """A day of an address; nothing if it is none, or too far away."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if abs(day - at.date()) < FARTHEST else None


def within(days: list[ClinicDay], clinic: str = "clinic", moment: str = "starts_at") -> Q:
    """Rows of these clinics on their days."""
    each = (
        Q(
            **{
                clinic: one.clinic.pk,
                f"{moment}__gte": one.start,
                f"{moment}__lt": one.end,
            }
        )
        for one in days
    )
    return reduce(or_, each, Q(pk__in=[]))
