"""Free times: what is offered can be booked."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Weekday
from sessions.models import of_treatment
from sessions.scheduling.availability import free_slots
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    OpeningHoursFactory,
    ProtocolVersionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
MONDAY = NINE.date()


def starts(booking: Booking, **changes: Any) -> list[datetime]:
    query: dict[str, Any] = {
        "first": MONDAY,
        "last": MONDAY,
        "practitioner": None,
        "at": NINE - DAY,
    }
    slots = free_slots(wanted=booking.plan, **{**query, **changes})
    return [slot.starts_at for slot in slots]


@pytest.fixture
def office_hours(booking: Booking) -> None:
    clinic = booking.plan.clinic
    clinic.opening_hours.all().delete()
    for opens, closes in ((time(8), time(12)), (time(13), time(17))):
        OpeningHoursFactory(clinic=clinic, weekday=Weekday.MONDAY, opens_at=opens, closes_at=closes)


@pytest.mark.usefixtures("office_hours")
def test_offers_follow_the_grid_inside_the_opening_hours(booking: Booking) -> None:
    local = [start.astimezone(booking.plan.clinic.zone) for start in starts(booking)]

    assert [f"{t:%H:%M}" for t in local[:2]] == ["08:00", "08:15"]
    assert max(t for t in local if t.hour < 12).strftime("%H:%M") == "11:00"
    assert f"{local[-1]:%H:%M}" == "16:00"
    assert len(local) == 26


@pytest.mark.usefixtures("office_hours")
def test_every_offered_time_can_be_booked(booking: Booking, another_booking: Booking) -> None:
    another_booking.book(NINE)
    offered = free_slots(
        wanted=booking.plan,
        first=MONDAY,
        last=MONDAY,
        practitioner=None,
        at=NINE - DAY,
    )
    assert len(offered) == 26  # somebody and something is free all the time

    for slot in offered:
        session = booking.book(
            slot.starts_at, practitioner=slot.practitioner, room=slot.room, device=slot.device
        )
        booking.move(session, "CANCELLED")


def test_what_is_taken_is_not_offered(booking: Booking, another_booking: Booking) -> None:
    """With one practitioner, her session and everything that would run into it is gone."""
    another_booking.practitioner = booking.practitioner
    another_booking.book(NINE)

    offered = starts(booking, practitioner=booking.practitioner)

    assert NINE - HOUR in offered
    assert not [s for s in offered if NINE - HOUR < s < NINE + HOUR]
    assert NINE + HOUR in offered


def test_rooms_are_offered_again_once_they_are_clean(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.room.is_active = False
    another_booking.room.save()
    another_booking.room = booking.room
    another_booking.book(NINE)

    offered = starts(booking)

    assert NINE + HOUR not in offered
    assert NINE + HOUR + timedelta(minutes=15) in offered


def test_nothing_is_offered_before_the_skin_has_recovered(booking: Booking) -> None:
    session = booking.book(NINE)
    week = {"first": MONDAY + 27 * DAY, "last": MONDAY + 29 * DAY}

    assert starts(booking, **week)[0] == session.recovers_at


def test_nothing_is_offered_so_shortly_before_a_session_that_it_would_be_too_soon(
    booking: Booking,
) -> None:
    booking.book(NINE + 28 * DAY)

    offered = starts(booking, first=MONDAY, last=MONDAY + 3 * DAY)

    assert offered[-1] == NINE


def test_nothing_is_offered_in_the_past(booking: Booking) -> None:
    assert starts(booking, at=NINE)[0] == NINE


def test_a_practitioner_of_another_clinic_is_not_offered(booking: Booking) -> None:
    stranger = UserFactory()

    slots = free_slots(
        wanted=booking.plan,
        first=MONDAY,
        last=MONDAY,
        practitioner=None,
        at=NINE - DAY,
    )

    assert stranger not in {slot.practitioner for slot in slots}


def test_a_clinic_that_never_closes_can_be_booked_over_midnight(booking: Booking) -> None:
    midnight = NINE.replace(hour=23)  # in Berlin

    assert booking.book(midnight - HOUR / 2)


def test_a_session_over_midnight_is_offered_on_the_day_it_starts(booking: Booking) -> None:
    last = starts(booking)[-1].astimezone(booking.plan.clinic.zone)

    assert f"{last:%a %H:%M}" == "Mon 23:45"


def test_availability_takes_a_fixed_number_of_queries(
    booking: Booking, another_booking: Booking, django_assert_num_queries: Any, as_dana: APIClient
) -> None:
    another_booking.book(NINE)
    url = f"/api/v1/availability/?plan={booking.plan.pk}&from={MONDAY}"
    for days in (0, 6, 30):
        with django_assert_num_queries(2):  # the plan, the times
            assert as_dana.get(f"{url}&to={MONDAY + days * DAY}").json()
        with django_assert_num_queries(2):
            query = f"&to={MONDAY + days * DAY}&practitioner={booking.practitioner.pk}"
            assert as_dana.get(url + query).json()


def test_an_hour_that_the_clock_shows_twice_is_offered_twice(booking: Booking) -> None:
    back = date(2030, 10, 27)  # in Berlin, from 03:00 to 02:00

    local = [
        start.astimezone(booking.plan.clinic.zone)
        for start in starts(booking, first=back, last=back)
    ]

    assert len(local) == 25 * 4
    assert [f"{t:%H:%M %z}" for t in local if t.hour == 2 and t.minute == 0] == [
        "02:00 +0200",
        "02:00 +0100",
    ]


def test_an_hour_that_the_clock_skips_is_not_offered(booking: Booking) -> None:
    forward = date(2030, 3, 31)

    local = [
        start.astimezone(booking.plan.clinic.zone)
        for start in starts(booking, first=forward, last=forward)
    ]

    assert len(local) == 23 * 4
    assert 2 not in {t.hour for t in local}


def test_the_first_free_time_comes_with_the_reason_why_not_sooner(
    as_dana: APIClient, booking: Booking, django_assert_num_queries: Any
) -> None:
    session = booking.book()
    url = f"/api/v1/availability/first/?plan={booking.plan.pk}"

    with django_assert_num_queries(3):  # the plan and its version, the skin twice, the time
        soon = as_dana.get(f"{url}&after={MONDAY + DAY}").json()
    late = as_dana.get(f"{url}&after={MONDAY + 28 * DAY}").json()

    recovered = of_treatment(session.recovers_at).isoformat().replace("+00:00", "Z")
    assert (soon["earliest_at"], soon["earliest_on"]) == (recovered, "2030-02-04")
    assert soon["slot"]["starts_at"] == recovered
    assert soon["reason"]["code"] == "too_soon"
    assert "must be 28 days apart" in soon["reason"]["detail"]
    assert late["slot"]["starts_at"] == recovered


def test_nothing_is_free_in_a_clinic_without_a_fitting_room(
    as_dana: APIClient, booking: Booking
) -> None:
    booking.room.areas = ["elsewhere"]
    booking.room.save()

    answer = as_dana.get(f"/api/v1/availability/first/?plan={booking.plan.pk}&after={MONDAY}")

    assert (answer.status_code, answer.json()["slot"], answer.json()["reason"]) == (200, None, None)


def test_a_plan_that_is_not_active_is_offered_nothing(booking: Booking) -> None:
    booking.plan.status = "ON_HOLD"

    assert starts(booking) == []


def test_the_set_up_of_room_and_device_comes_after_the_cleaning(
    booking: Booking, another_booking: Booking
) -> None:
    ProtocolVersionFactory(protocol=booking.plan.protocol, version=2, setup_minutes=30)
    another_booking.room.areas = ["elsewhere"]
    another_booking.room.save()
    another_booking.room = booking.room
    taken = another_booking.book(NINE)

    offered = [start for start in starts(booking) if start > NINE]

    assert offered[0] == taken.released_at + timedelta(minutes=30)
