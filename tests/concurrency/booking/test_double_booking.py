"""P1 and P2 under race, and the proof that the races are real."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from clinic.models import Clinic, User
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


@contextmanager
def without_constraint(name: str) -> Iterator[None]:
    constraint = next(c for c in TreatmentSession._meta.constraints if c.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(TreatmentSession, constraint)
    try:
        yield
    finally:
        TreatmentSession.objects.update(status="CANCELLED")  # else it could not be put back
        with connection.schema_editor() as editor:
            editor.add_constraint(TreatmentSession, constraint)


def rivals(first: Booking, shared: str) -> list[Booking]:
    """Bookings by eight desks that have only one thing in common."""
    clinic = first.plan.clinic
    others = [
        Booking(
            plan=PlanFactory(patient=PatientFactory(clinic=clinic), protocol=first.plan.protocol),
            practitioner=UserFactory(clinic=clinic),
            room=RoomFactory(clinic=clinic),
            device=DeviceFactory(clinic=clinic),
            zone=first.zone,
        )
        for _ in range(DESKS - 1)
    ]
    for other in others:
        if shared == "patient":
            other.plan = PlanFactory(patient=first.plan.patient)  # another area
        else:
            setattr(other, shared, getattr(first, shared))
    return [first, *others]


SHARED = {
    "practitioner": "PractitionerTaken",
    "room": "RoomTaken",
    "device": "DeviceTaken",
    "patient": "PatientTaken",
}


@pytest.mark.parametrize(("shared", "refusal"), list(SHARED.items()))
def test_eight_desks_cannot_book_one_slot_twice(
    booking: Booking, shared: str, refusal: str
) -> None:
    attempts = [lambda b=b: b.book() and "booked" for b in rivals(booking, shared)]

    outcomes = race(*attempts)

    assert outcomes == {"booked": 1, refusal: DESKS - 1}
    assert TreatmentSession.objects.count() == 1


@pytest.mark.parametrize("shared", SHARED)
def test_control_without_constraint_and_lock_the_slot_is_booked_twice(
    booking: Booking, shared: str
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    attempts = [lambda b=b: b.book() and "booked" for b in rivals(booking, shared)]

    with (
        without_constraint(f"session_{shared}_free"),
        without_locks(),
    ):
        outcomes = race(*attempts)

    assert outcomes["booked"] > 1


def test_eight_desks_cannot_undercut_the_hard_minimum(clinic: Clinic, booking: Booking) -> None:
    attempts = [
        lambda b=b, day=day: b.book(NINE + day * DAY) and "booked"
        for day, b in enumerate(same_plan_elsewhere(booking))
    ]

    outcomes = race(*attempts)

    assert outcomes == {"booked": 1, "TooSoon": DESKS - 1}


def test_control_without_constraint_and_lock_sessions_come_too_soon(booking: Booking) -> None:
    attempts = [
        lambda b=b, day=day: b.book(NINE + day * DAY) and "booked"
        for day, b in enumerate(same_plan_elsewhere(booking))
    ]

    with (
        without_constraint("session_area_recovered"),
        without_locks(),
    ):
        outcomes = race(*attempts)

    assert outcomes["booked"] > 1


def same_plan_elsewhere(first: Booking) -> list[Booking]:
    """The same plan with other staff and rooms, so that only the skin is in the way."""
    clinic = first.plan.clinic
    return [
        Booking(
            plan=first.plan,
            practitioner=UserFactory(clinic=clinic),
            room=RoomFactory(clinic=clinic),
            device=DeviceFactory(clinic=clinic),
            zone=first.zone,
        )
        for _ in range(DESKS)
    ]


def test_two_sessions_cannot_be_rescheduled_onto_one_slot(
    clinic: Clinic, booking: Booking, another_booking: Booking
) -> None:
    another_booking.room = booking.room
    sessions = [booking.book(), another_booking.book(NINE + DAY)]
    target = NINE + 2 * DAY

    def reschedule(session: TreatmentSession, by: User) -> str:
        from sessions.services import reschedule_session

        reschedule_session(session_id=session.pk, starts_at=target, at=NINE - DAY, by=by)
        return "rescheduled"

    outcomes = race(*[lambda s=s: reschedule(s, booking.practitioner) for s in sessions])

    assert outcomes == {"rescheduled": 1, "RoomTaken": 1}
    assert TreatmentSession.objects.occupying().count() == 2  # the loser kept its old time


def test_plain_inserts_past_the_services_are_refused_too(
    booking: Booking, another_booking: Booking
) -> None:
    """P1 holds whoever writes: here the table is written without locks and without services."""
    from tests.factories import SessionFactory

    plans = [booking.plan, another_booking.plan]
    attempts = [
        lambda plan=plan: (
            SessionFactory(
                plan=plan, room=booking.room, practitioner=UserFactory(clinic=plan.clinic)
            )
            and "booked"
        )
        for plan in plans
    ]

    outcomes = race(*attempts)

    assert outcomes["booked"] == 1
    assert TreatmentSession.objects.count() == 1
