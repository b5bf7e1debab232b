"""Times that tests of the booking API ask for."""

from datetime import datetime

from django.utils import timezone

from tests.factories import DAY


def soon() -> datetime:
    """A whole hour in a week: the API asks the real clock."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + 7 * DAY
