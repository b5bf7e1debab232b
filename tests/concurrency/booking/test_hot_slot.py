"""Many desks on one slot: nobody waits for somebody who waits for them.

An exclusion constraint alone lets two inserts of one slot wait for each other. The advisory locks
come first, so that the second one finds the slot taken. Retries are off here: what would be
hidden by them must not happen in the first place.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction

from clinic.models import Clinic
from sessions import services
from sessions.models import TreatmentSession
from tests.concurrency.conftest import race, without_locks
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    RoomFactory,
    UserFactory,
)

DESKS = 8
HALF = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def without_retries() -> Iterator[None]:
    with patch("clinic.db.retries.PASSING", set()):
        yield


def rivals(first: Booking, count: int = DESKS) -> list[Booking]:
    """Other patients who want the same practitioner, room and device."""
    clinic = first.plan.clinic
    plans = [
        PlanFactory(patient=PatientFactory(clinic=clinic), protocol=first.plan.protocol)
        for _ in range(count)
    ]
    return [
        Booking(
            plan=plan,
            practitioner=first.practitioner,
            room=first.room,
            device=first.device,
            zone=first.zone,
        )
        for plan in plans
    ]


# Which of them is named first depends on the order in which the constraints were added.
TAKEN = {"PractitionerTaken", "RoomTaken", "DeviceTaken"}


def ended(outcomes: Counter[str]) -> dict[str, int]:
    """How often each outcome was seen; whatever of a slot was taken counts as “taken”."""
    told: Counter[str] = Counter()
    for outcome, times in outcomes.items():
        told["taken" if outcome in TAKEN else outcome] += times
    return dict(told)


def booked(booking: Booking, starts_at: datetime) -> Callable[[], str]:
    return lambda: "booked" if booking.book(starts_at, at=NINE - 3 * DAY) else ""


def test_eight_desks_on_two_overlapping_slots(booking: Booking) -> None:
    """Each slot alone is fine, both together are not."""
    desks = rivals(booking)

    outcomes = race(
        *[booked(desk, NINE + HALF * (number % 2)) for number, desk in enumerate(desks)]
    )

    assert ended(outcomes) == {"booked": 1, "taken": DESKS - 1}


def test_eight_desks_on_two_slots_that_do_not_touch(booking: Booking) -> None:
    desks = rivals(booking)

    outcomes = race(*[booked(desk, NINE + DAY * (number % 2)) for number, desk in enumerate(desks)])

    assert ended(outcomes) == {"booked": 2, "taken": DESKS - 2}


def both(first: Callable[[], str], then: Callable[[], str], between: Any) -> Callable[[], str]:
    """Two bookings, both or neither."""

    def book() -> str:
        with transaction.atomic():
            first()
            between()
            return then()

    return book


def test_two_desks_that_book_two_slots_in_opposite_order(booking: Booking) -> None:
    early, late, other_early, other_late = rivals(booking, 4)

    outcomes = race(
        both(booked(early, NINE), booked(late, NINE + DAY), lambda: None),
        both(booked(other_late, NINE + DAY), booked(other_early, NINE), lambda: None),
    )

    assert ended(outcomes) == {"booked": 1, "taken": 1}


def test_control_without_the_locks_they_deadlock(booking: Booking) -> None:
    """This shows that the locks are what keeps the desks above apart."""
    early, late, other_early, other_late = rivals(booking, 4)
    each_has_one = threading.Barrier(2)

    with without_locks():
        outcomes = race(
            both(booked(early, NINE), booked(late, NINE + DAY), each_has_one.wait),
            both(booked(other_late, NINE + DAY), booked(other_early, NINE), each_has_one.wait),
        )

    assert outcomes["OperationalError"] == 1


def elsewhere(clinic: Clinic, like: Booking) -> Booking:
    return Booking(
        plan=PlanFactory(patient=PatientFactory(clinic=clinic), protocol=like.plan.protocol),
        practitioner=UserFactory(clinic=clinic),
        room=RoomFactory(clinic=clinic),
        device=DeviceFactory(clinic=clinic),
        zone=like.zone,
    )


def moved(session: TreatmentSession, to: Booking, starts_at: datetime) -> Callable[[], str]:
    def move() -> str:
        services.reschedule_session(
            session_id=session.pk,
            starts_at=starts_at,
            practitioner=to.practitioner,
            room=to.room,
            device=to.device,
            at=NINE - 3 * DAY,
            by=to.practitioner,
        )
        return "moved"

    return move


@pytest.mark.parametrize("attempt", range(4))
def test_two_sessions_that_swap_rooms_do_not_wait_for_each_other(
    clinic: Clinic, booking: Booking, attempt: int
) -> None:
    """Each cancels its own slot, then inserts into the one that the other has not left yet.

    They have nothing in common but the slots, so the locks of what they take are not enough.
    """
    other = elsewhere(clinic, booking)
    one, two = booking.book(), other.book()

    outcomes = race(moved(one, other, NINE), moved(two, booking, NINE))

    assert set(outcomes) <= {"moved", *TAKEN}
    assert outcomes["moved"] <= 1  # whoever comes first finds the other still there
    assert TreatmentSession.objects.occupying().count() == 2


def test_control_without_the_locks_a_swap_deadlocks(clinic: Clinic, booking: Booking) -> None:
    other = elsewhere(clinic, booking)
    one, two = booking.book(), other.book()
    both_have_cancelled = threading.Barrier(2)

    def meet(*args: Any, **kwargs: Any) -> None:
        both_have_cancelled.wait(timeout=30)

    with (
        without_locks(),
        patch("sessions.services.booking.book.require_presence", meet),
    ):
        outcomes = race(moved(one, other, NINE), moved(two, booking, NINE))

    # One was ended by PostgreSQL; its slot is its own again, so the other one has no luck either.
    assert ended(outcomes) == {"OperationalError": 1, "taken": 1}


def test_a_ring_of_moves_over_eight_slots(clinic: Clinic, booking: Booking) -> None:
    """Each session wants the slot of the next one; bookings and cancellations in between."""
    ring = [booking, *[elsewhere(clinic, booking) for _ in range(DESKS - 1)]]
    sessions = [place.book() for place in ring]
    newcomers = rivals(booking, 4)

    outcomes = race(
        *[
            moved(session, ring[(number + 1) % DESKS], NINE)
            for number, session in enumerate(sessions)
        ],
        *[booked(newcomer, NINE) for newcomer in newcomers],
        lambda: booking.move(sessions[0], "CANCELLED", at=NINE - DAY).status,
    )

    assert "OperationalError" not in outcomes
    assert set(outcomes) <= {"moved", "booked", "CANCELLED", "IllegalMove", "TooEarly", *TAKEN}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM treatment_session a JOIN treatment_session b ON a.id < b.id"
            " AND a.room_id = b.room_id AND a.starts_at < b.released_at"
            " AND b.starts_at < a.released_at AND a.status NOT IN ('CANCELLED', 'NO_SHOW')"
            " AND b.status NOT IN ('CANCELLED', 'NO_SHOW')"
        )
        assert cursor.fetchone() == (0,)
