"""Free times: what is offered can be booked."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from clinic.models import Weekday
from sessions.availability import free_slots, is_open
from sessions.models import TreatmentPlan
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, OpeningHoursFactory, UserFactory

pytestmark = pytest.mark.django_db
MONDAY = NINE.date()


def starts(booking: Booking, **changes: Any) -> list[datetime]:
    query: dict[str, Any] = {
        "first": MONDAY,
        "last": MONDAY,
        "practitioner": None,
        "at": NINE - DAY,
    }
    query["protocol"] = booking.plan.protocol_version
    slots = free_slots(plan=booking.plan, **{**query, **changes})
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
        plan=booking.plan,
        protocol=booking.plan.protocol_version,
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
        plan=booking.plan,
        protocol=booking.plan.protocol_version,
        first=MONDAY,
        last=MONDAY,
        practitioner=None,
        at=NINE - DAY,
    )

    assert stranger not in {slot.practitioner for slot in slots}


def test_a_clinic_that_never_closes_is_open_over_midnight(booking: Booking) -> None:
    midnight = NINE.replace(hour=23)  # in Berlin

    assert is_open(booking.plan.clinic, midnight - HOUR, midnight + HOUR)


def test_a_session_over_midnight_is_offered_on_the_day_it_starts(booking: Booking) -> None:
    last = starts(booking)[-1].astimezone(booking.plan.clinic.zone)

    assert f"{last:%a %H:%M}" == "Mon 23:45"


def test_availability_takes_a_fixed_number_of_queries(
    booking: Booking, another_booking: Booking, django_assert_num_queries: object
) -> None:
    another_booking.book(NINE)
    plans = TreatmentPlan.objects.select_related("clinic", "patient", "area", "protocol_version")
    booking.plan = plans.get(pk=booking.plan.pk)
    for _ in ("a day", "a week"):
        with django_assert_num_queries(6):  # type: ignore[operator]
            starts(booking, last=MONDAY + 6 * DAY)
