"""Times as a clock on the wall shows them.

Instants are stored in UTC; days and hours of the day are counted on the wall clock of a clinic or
a patient: "four weeks later" at 10:00 is 10:00 again, whatever daylight saving did in between.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` shows `at` on `day`.

    A time that the clock skips counts as the one an hour later (the clock's own reading of it);
    of a time that it shows twice, the first is taken.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def later(start: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` has moved on by `offset`, also back."""
    local = start.astimezone(zone).replace(tzinfo=None) + offset
    return local.replace(tzinfo=zone).astimezone(UTC)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight and the next midnight: [start, end) of a local day, as instants."""
    return instant(day, time(0), zone), instant(day + timedelta(days=1), time(0), zone)
