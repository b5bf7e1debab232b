"""Moments that tests refer to."""

from datetime import UTC, datetime, timedelta

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # versions in effect for every test
