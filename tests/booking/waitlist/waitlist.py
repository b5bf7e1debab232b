"""What patients who wait have asked for."""

from collections.abc import Callable
from typing import Any

from sessions.models import WaitlistEntry
from tests.conftest import Booking
from tests.factories import DAY, NINE

NOW = NINE - 2 * DAY


Join = Callable[..., WaitlistEntry]


def wish(booking: Booking, **changes: Any) -> dict[str, Any]:
    days = {"from_on": "2030-01-01", "until_on": "2030-01-31"}
    return {"plan": str(booking.plan.pk), **days, **changes}
