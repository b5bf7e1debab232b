"""Eight desks want overlapping areas of one patient, and the proof that the race is real."""

from collections.abc import Callable
from contextlib import ExitStack

from sessions.models import TreatmentSession
from tests.concurrency.booking.test_double_booking import DESKS, same_plan_elsewhere
from tests.concurrency.booking.test_double_booking import without_constraint as without
from tests.concurrency.conftest import race, without_locks
from tests.conftest import Booking
from tests.factories import DAY, NINE, PlanFactory


def attempts(booking: Booking) -> list[Callable[[], str]]:
    """Each treats the face or the neck first, and the other one too, on another day."""
    face, neck = booking.plan, PlanFactory(patient=booking.plan.patient)
    desks = same_plan_elsewhere(booking)

    def attempt(number: int, desk: Booking) -> str:
        desk.plan, other = (face, neck) if number % 2 else (neck, face)
        desk.book(NINE + number * DAY, further_plans=[other])
        return "booked"

    return [lambda n=n, d=d: attempt(n, d) for n, d in enumerate(desks)]  # type: ignore[misc]


def test_of_eight_sittings_on_overlapping_areas_one_wins(booking: Booking) -> None:
    outcomes = race(*attempts(booking))

    assert outcomes == {"booked": 1, "TooSoon": DESKS - 1}
    assert TreatmentSession.objects.count() == 2


def test_control_without_constraint_and_lock_the_skin_is_treated_too_soon(
    booking: Booking,
) -> None:
    with ExitStack() as stack:
        stack.enter_context(without("session_area_recovered"))
        stack.enter_context(without_locks())
        outcomes = race(*attempts(booking))

    assert outcomes["booked"] > 1
