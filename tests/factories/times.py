"""Moments that tests refer to."""

from datetime import UTC, datetime, timedelta

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # versions in effect for every test


def this_hour() -> datetime:
    """For what has to be near now. Asked in the test: a day that began after its file was
    read would make what it says of today wrong."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
