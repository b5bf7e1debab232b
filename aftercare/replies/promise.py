"""When a person will have read what came in, and whether one answers now, by the opening hours."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.utils.formats import date_format

from clinic.models import Clinic
from clinic.values.wallclock import day_bounds, instant_of

READ_WITHIN = timedelta(hours=1)  # of opening time
STEP = timedelta(minutes=15)
LOOK_AHEAD = 30  # days


def read_by(clinic: Clinic, at: datetime) -> datetime:
    """An opening hour from now, to the next quarter; in a day where nobody has said the hours."""
    left = READ_WITHIN
    for opens, closes in open_from(clinic, at):
        if opens + left <= closes:
            return _to_the_quarter(opens + left)
        left -= closes - opens
    return _to_the_quarter(at + timedelta(days=1))


def open_from(clinic: Clinic, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the clinic is open from a moment on, the first stretch first. It begins at that moment
    if the clinic is open then."""
    day = at.astimezone(clinic.zone).date()
    hours = list(clinic.opening_hours.all())
    closed = list(clinic.closures.filter(ends_at__gt=at)) if hours else []
    for ahead in range(LOOK_AHEAD):
        on = day + timedelta(days=ahead)
        for stretch in hours:
            if stretch.weekday != on.weekday():
                continue
            opens = max(instant_of(on, stretch.opens_at, clinic.zone), at)
            closes = day_bounds(on, clinic.zone)[1]
            if stretch.closes_at != time(0):
                closes = instant_of(on, stretch.closes_at, clinic.zone)
            for closure in closed:
                if closure.starts_at <= opens < closure.ends_at:
                    opens = closure.ends_at
                elif opens < closure.starts_at < closes:
                    closes = closure.starts_at
            if opens < closes:
                yield opens, closes


def _to_the_quarter(moment: datetime) -> datetime:
    whole = moment.replace(minute=0, second=0, microsecond=0)
    return whole + -((whole - moment) // STEP) * STEP


def in_words(moment: datetime, clinic: Clinic, at: datetime) -> str:
    """“14:30”, or “Mon 10:00” of another day, on the clinic's clock."""
    local, now = moment.astimezone(clinic.zone), at.astimezone(clinic.zone)
    form = "H:i" if local.date() == now.date() else "D H:i"
    return date_format(local, form)
