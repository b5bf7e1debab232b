"""A practitioner decides against needling while the desk books it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from patients.models import StaffTask
from sessions import services
from sessions.models import TreatmentSession
from sessions.scheduling.availability import booking_facts
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import DAY, NINE


def decline(booking: Booking) -> str:
    services.record_candidacy(
        patient=booking.plan.patient,
        outcome="DECLINED",
        reason="Keloids",
        alternatives="Silicone",
        at=NINE - 3 * DAY,
        by=booking.practitioner,
    )
    return "declined"


def unnoticed() -> bool:
    """Booked, and nobody was told."""
    return TreatmentSession.objects.exists() and not StaffTask.objects.exists()


@pytest.mark.parametrize("attempt", range(3))
def test_the_desk_is_refused_or_told(booking: Booking, attempt: int) -> None:
    outcomes = race(lambda: booking.book().status, lambda: decline(booking))

    assert outcomes["declined"] == 1
    assert outcomes["BOOKED"] + outcomes["NotACandidate"] == 1
    assert not unnoticed()


def test_without_the_lock_of_the_patient_it_goes_unnoticed(booking: Booking) -> None:
    """The control arm."""
    with decided_in_between(booking), patch("sessions.services.record.candidacy.lock"):
        booking.book()

    assert unnoticed()


@contextmanager
def decided_in_between(booking: Booking) -> Iterator[None]:
    """After the booking has looked, and before it is there to be seen."""

    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = booking_facts(*args, **kwargs)
        race(lambda: decline(booking))
        return found

    with patch("sessions.services.booking.book.booking_facts", look_and_wait):
        yield
