"""Until when a person must have acted on a report, from the opening hours of the clinic."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from clinic.models import Clinic
from clinic.values.wallclock import day_bounds, instant_of
from sessions.triage import Level

RED_WITHIN = timedelta(hours=2)  # of opening hours
DAY = timedelta(days=1)
LOOK_AHEAD = 60  # days
Stretch = tuple[datetime, datetime]


def due_at(level: str, *, clinic: Clinic, at: datetime) -> datetime:
    """EMERGENCY: at once. RED: two opening hours, and the same day in any case. AMBER: the end of
    the next working day; of tomorrow for a clinic without opening hours."""
    today = at.astimezone(clinic.zone).date()
    if level == Level.EMERGENCY:
        return at
    if level == Level.RED:
        midnight = day_bounds(today, clinic.zone)[1]
        return min(_after(RED_WITHIN, clinic=clinic, at=at, day=today), midnight)
    for ahead in range(1, LOOK_AHEAD):
        if stretches := list(open_on(today + ahead * DAY, clinic=clinic)):
            return stretches[-1][1]
    return day_bounds(today + DAY, clinic.zone)[1]


def _after(span: timedelta, *, clinic: Clinic, at: datetime, day: date) -> datetime:
    """When so much opening time has passed since `at`; the end of the day if it has less."""
    for opens, closes in open_on(day, clinic=clinic):
        start = max(opens, at)
        if start + span <= closes:
            return start + span
        span -= max(closes - start, timedelta())
    return day_bounds(day, clinic.zone)[1]


def open_on(day: date, *, clinic: Clinic) -> Iterator[Stretch]:
    """The opening hours of a day, without what lies wholly in a closure."""
    first, last = day_bounds(day, clinic.zone)
    closed = list(clinic.closures.filter(starts_at__lt=last, ends_at__gt=first))
    for hours in clinic.opening_hours.filter(weekday=day.weekday()):
        opens = instant_of(day, hours.opens_at, clinic.zone)
        until = hours.closes_at
        closes = last if until == time(0) else instant_of(day, until, clinic.zone)
        if not any(one.starts_at <= opens and closes <= one.ends_at for one in closed):
            yield opens, closes
