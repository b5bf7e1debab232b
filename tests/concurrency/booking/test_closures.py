"""A closure or time off, and bookings, at the same moment: never one beside the other."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from sessions import services
from sessions.models import TreatmentSession
from sessions.services.ending.closures import bookings_in
from tests.concurrency.conftest import race, without_locks
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE

SPAN: dict[str, Any] = {"starts_at": NINE - HOUR, "ends_at": NINE + HOUR, "at": NINE - DAY}


def closings(booking: Booking) -> dict[str, Callable[[], Any]]:
    who = booking.practitioner
    return {
        "Closed": lambda: services.add_closure(clinic=booking.plan.clinic, **SPAN, by=who),
        "PractitionerOff": lambda: services.add_time_off(practitioner=who, **SPAN, by=who),
    }


@pytest.mark.parametrize("refusal", ["Closed", "PractitionerOff"])
def test_no_booking_slips_in_beside_a_closure(booking: Booking, refusal: str) -> None:
    close = closings(booking)[refusal]

    outcomes = race(
        lambda: close() and "closed",
        *[lambda day=day: booking.book(NINE + day * DAY) and "booked" for day in (0, 0, 0)],
    )

    is_closed = outcomes["closed"] == 1
    assert TreatmentSession.objects.count() == (0 if is_closed else 1)
    assert outcomes[refusal if is_closed else "BookingsInTheWay"] > 0


def test_control_without_locks_both_happen(booking: Booking) -> None:
    """This shows that the set-up above can fail: the closure looks before the booking is there."""
    looked = bookings_in

    def look_and_be_late(*args: Any, **kwargs: Any) -> Any:
        found = list(looked(*args, **kwargs))
        race(lambda: booking.book() and "booked")
        return found

    with (
        without_locks(),
        patch("sessions.services.ending.closures.lock"),
        patch("sessions.services.ending.closures.bookings_in", look_and_be_late),
    ):
        closure = closings(booking)["Closed"]()

    assert TreatmentSession.objects.filter(clinic=closure.clinic).count() == 1
