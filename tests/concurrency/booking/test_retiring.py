"""Something ends, and is booked, at the same moment: never one beside the other."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from sessions import services
from sessions.models import TreatmentSession
from sessions.scheduling.ahead import look_ahead
from sessions.services.ending.decisions import Decider
from tests.concurrency.conftest import race, without_locks
from tests.conftest import Booking
from tests.factories import DAY, NINE

REFUSALS = {
    "room": "OutOfUse",
    "device": "OutOfUse",
    "practitioner": "NoPractitionerHere",
    "patient": "PatientArchived",
}


def ending(booking: Booking, what: str) -> Callable[[], Any]:
    decider = Decider(at=NINE - DAY, by=booking.practitioner)
    if what == "patient":
        patient = booking.plan.patient_id
        return lambda: services.archive_patient(patient_id=patient, decider=decider) and "ended"
    row = getattr(booking, what)
    return lambda: (services.retire(row=row, decider=decider), "ended")[1]


@pytest.mark.parametrize("what", list(REFUSALS))
def test_no_booking_slips_in_beside_an_end(booking: Booking, what: str) -> None:
    outcomes = race(
        ending(booking, what),
        *[lambda: booking.book() and "booked" for _ in range(3)],
    )

    has_ended = outcomes["ended"] == 1
    assert TreatmentSession.objects.count() == (0 if has_ended else 1), outcomes
    assert outcomes[REFUSALS[what] if has_ended else "StillAhead"] > 0, outcomes


def test_control_without_locks_both_happen(booking: Booking) -> None:
    """This shows that the set-up above can fail: a booking comes after the last look."""
    looked, looks = look_ahead, []

    def look_and_be_late(*args: Any, **kwargs: Any) -> Any:
        found = looked(*args, **kwargs)
        looks.append(found)
        if len(looks) == 3:  # the last one
            race(lambda: booking.book() and "booked")
        return found

    with (
        without_locks(),
        patch("sessions.services.ending.settle.lock"),
        patch("sessions.services.ending.retire.look_ahead", look_and_be_late),
        patch("sessions.services.ending.settle.look_ahead", look_and_be_late),
    ):
        ending(booking, "room")()

    assert TreatmentSession.objects.filter(room__is_active=False).count() == 1
