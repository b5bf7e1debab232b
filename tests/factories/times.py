"""Moments that tests refer to."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # versions in effect for every test


def this_hour() -> datetime:
    """For what has to be near now. Asked in the test: a day that began after its file was
    read would make what it says of today wrong."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def later_today(zone: ZoneInfo) -> datetime:
    """In two hours, or just before midnight: what a page of today shows, at whatever hour."""
    now = datetime.now(zone)
    last = datetime.combine(now, time(23, 59), zone)
    return min(now + 2 * HOUR, last).replace(second=0, microsecond=0)
