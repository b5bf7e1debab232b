from datetime import date
from typing import Any

import pytest

from clinic.models import Clinic, User
from sessions import services
from sessions.models import TreatmentSession, WaitlistEntry
from tests.booking.waitlist import NOW, Join
from tests.conftest import Booking
from tests.factories import DeviceFactory, DeviceModelFactory, PlanFactory, RoomFactory, UserFactory


@pytest.fixture
def join(clinic: Clinic, dana: User) -> Join:
    """Puts a new patient on the waitlist, for any time in January unless it says otherwise."""

    def add(**wish: Any) -> WaitlistEntry:
        details = {"from_on": date(2030, 1, 1), "until_on": date(2030, 1, 31), **wish}
        plan = details.pop("plan", None) or PlanFactory(patient__clinic=clinic)
        return services.join_waitlist(plan=plan, **details, at=NOW, by=dana)

    return add


@pytest.fixture
def ahead(booking: Booking, manager: User) -> TreatmentSession:
    """A session, and what it could move to: another room, device and practitioner."""
    clinic = booking.plan.clinic
    RoomFactory(clinic=clinic)
    DeviceFactory(clinic=clinic, model=DeviceModelFactory(code="another"))
    UserFactory(clinic=clinic)
    return booking.book()
