from datetime import date
from typing import Any

import pytest

from clinic.models import Clinic, User
from sessions import services
from sessions.models import WaitlistEntry
from tests.booking.waitlist.waitlist import NOW, Join
from tests.factories import PlanFactory


@pytest.fixture
def join(clinic: Clinic, dana: User) -> Join:
    """Puts a new patient on the waitlist, for any time in January unless it says otherwise."""

    def add(**wish: Any) -> WaitlistEntry:
        details = {"from_on": date(2030, 1, 1), "until_on": date(2030, 1, 31), **wish}
        plan = details.pop("plan", None) or PlanFactory(patient__clinic=clinic)
        return services.join_waitlist(plan=plan, **details, at=NOW, by=dana)

    return add
