"""Patients on their pages and the desk want one slot: one of them gets it."""

from collections.abc import Callable
from uuid import UUID

from aftercare.services import move_own_visit
from sessions.models import TreatmentSession
from tests.concurrency.booking.test_hot_slot import rivals
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE

PATIENTS = 9
SLOT = NINE + 14 * DAY


def mover(session_id: UUID) -> Callable[[], str]:
    def attempt() -> str:
        session = TreatmentSession.objects.select_related("clinic", "practitioner").get(
            pk=session_id
        )
        return "moved" if move_own_visit(session_id=session.pk, starts_at=SLOT, at=NINE) else "gone"

    return attempt


def test_of_patients_and_the_desk_one_gets_the_slot(booking: Booking) -> None:
    patients, desks = rivals(booking, PATIENTS), rivals(booking, 3)
    booked = [
        one.book(NINE + DAY * (1 + number // 3) + 2 * HOUR * (number % 3)).pk
        for number, one in enumerate(patients)
    ]

    outcomes = race(
        *(mover(pk) for pk in booked),
        *(lambda one=one: one.book(SLOT) and "booked" for one in desks),
    )

    assert outcomes["moved"] + outcomes["booked"] == 1
    assert sum(outcomes.values()) == PATIENTS + 3
    taken = TreatmentSession.objects.occupying()
    assert taken.filter(starts_at=SLOT).count() == 1
    assert taken.count() == PATIENTS + outcomes["booked"]
