"""What the tests of series propose."""

from typing import Any

from sessions import services
from tests.conftest import Booking
from tests.factories import DAY, NINE

NOW = NINE - DAY


def propose(booking: Booking, **changes: Any) -> list[services.Proposed]:
    return services.propose_series(plan=booking.plan, **{"at": NOW, **changes})
