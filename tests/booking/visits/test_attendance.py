"""How many of the outcome visits that should have been came about."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, VisitType
from sessions.scheduling.attendance import attendance
from tests.conftest import Booking, make_booking
from tests.factories import (
    DAY,
    NINE,
    PlanFactory,
    SessionFactory,
    VisitFactory,
    visit_type_of,
)

pytestmark = pytest.mark.django_db
CLOSED = NINE + 121 * DAY  # the day after the window of the visit at three months
LATER = NINE + 400 * DAY


def figures(first: Any, last: Any, at: Any = LATER) -> dict[str, tuple[int, int]]:
    rows: Any = attendance(VisitType.objects.all(), first.date(), last.date(), at=at)
    return {row.code: (row.due, row.came) for row in rows if row.due}


def visit(booking: Booking, status: Status) -> TreatmentSession:
    """An outcome visit, 91 days after the last session, that went so."""
    booked = services.book_visit(
        visit_type=visit_type_of(booking.plan.clinic, "outcome-90d"),
        patient=booking.plan.patient,
        plan=booking.plan,
        starts_at=NINE + 91 * DAY,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE + DAY,
        by=booking.practitioner,
    )
    steps = [Status.CHECKED_IN, Status.IN_PROGRESS] if status == Status.COMPLETED else []
    for step in (*steps, status):
        booking.move(booked, step, at=NINE + 91 * DAY)
    return booked


def test_of_two_who_were_due_one_came(booking: Booking, another_booking: Booking) -> None:
    booking.completed()
    another_booking.completed()
    visit(booking, Status.COMPLETED)
    visit(another_booking, Status.NO_SHOW)

    assert figures(CLOSED, CLOSED) == {"outcome-90d": (2, 1)}
    assert figures(CLOSED, NINE + 211 * DAY) == {"outcome-90d": (2, 1), "outcome-180d": (2, 0)}


@pytest.mark.parametrize(
    ("first", "last", "is_counted"), [(-1, -1, False), (0, 0, True), (1, 1, False), (-9, 9, True)]
)
def test_a_course_counts_on_the_day_on_which_its_window_closes(
    booking: Booking, first: int, last: int, is_counted: bool
) -> None:
    booking.completed()

    assert bool(figures(CLOSED + first * DAY, CLOSED + last * DAY)) == is_counted


def test_a_window_that_is_open_and_a_course_that_went_on_do_not_count(booking: Booking) -> None:
    booking.completed()
    open_ = figures(CLOSED, CLOSED, at=CLOSED - timedelta(minutes=1))
    booking.completed(NINE + 60 * DAY)

    assert (open_, figures(CLOSED, CLOSED)) == ({}, {})


@pytest.mark.parametrize(
    ("code", "status", "late", "counted"),
    [
        ("consultation", Status.COMPLETED, False, (1, 0, 0)),
        ("check-by-phone", Status.NO_SHOW, False, (0, 1, 0)),
        ("test-spot", Status.CANCELLED, True, (0, 0, 1)),
        ("outcome-90d", Status.CANCELLED, False, (0, 0, 0)),
        ("video-consultation", Status.BOOKED, False, (0, 0, 0)),
    ],
)
def test_visits_of_every_kind_are_kept_missed_or_cancelled_late(
    clinic: Clinic, code: str, status: Status, late: bool, counted: tuple[int, int, int]
) -> None:
    VisitFactory(code=code, patient__clinic=clinic, status=status, is_late_cancel=late)
    rows: Any = VisitType.objects.all()

    for day, expected in ((NINE, counted), (NINE + DAY, (0, 0, 0)), (NINE - DAY, (0, 0, 0))):
        [row] = attendance(rows, day.date(), day.date(), at=LATER).filter(clinic=clinic, code=code)
        assert (row.attended, row.missed, row.cancelled_late) == expected
        assert (row.due is None) is (code != "outcome-90d")


def test_an_aborted_sitting_was_kept_once(booking: Booking) -> None:
    first = SessionFactory(plan=booking.plan, status=Status.ABORTED)
    neck = PlanFactory(patient=booking.plan.patient)
    people = {name: getattr(first, name) for name in ("practitioner", "room", "device")}
    SessionFactory(plan=neck, sitting=first, status=Status.ABORTED, **people)

    rows: Any = VisitType.objects.filter(clinic=first.clinic, code="treatment")
    [row] = attendance(rows, NINE.date(), NINE.date(), at=LATER)

    assert (row.attended, row.missed) == (1, 0)


def test_the_api_tells_the_own_clinics_alone(
    as_dana: APIClient, booking: Booking, bob: User, django_assert_num_queries: Any
) -> None:
    make_booking(bob.clinics.get(), bob).completed()
    booking.completed()
    day = CLOSED.date().isoformat()

    told = as_dana.get(f"/api/v1/visit-types/attendance/?from={day}&to={day}")
    turned = as_dana.get(f"/api/v1/visit-types/attendance/?from={day}&to=2030-01-01")

    assert {row["clinic"] for row in told.json()} == {str(booking.plan.clinic_id)}
    assert (turned.status_code, turned.json()["errors"][0]["pointer"]) == (400, "/to")
    with django_assert_num_queries(1):
        figures(CLOSED, CLOSED)
