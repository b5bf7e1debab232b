"""What is offered when the wanted time is not free."""

from datetime import time, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Weekday
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    DeviceFactory,
    OpeningHoursFactory,
    RoomFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"
QUARTER = timedelta(minutes=15)


def refused(client: APIClient, url: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(url, body)
    assert answer.status_code == 409, answer.json()
    offered: list[dict[str, Any]] = answer.json()["alternatives"]
    return offered


@pytest.mark.parametrize("resource", ["practitioner", "room", "device"])
def test_the_same_time_with_another_one_comes_first(
    as_dana: APIClient, booking: Booking, another_booking: Booking, resource: str
) -> None:
    booking.book()
    body = {**another_booking.body(), resource: str(getattr(booking, resource).pk)}

    offered = refused(as_dana, SESSIONS, body)

    first = offered[0]
    assert len(offered) == 3
    assert first["starts_at"] == "2030-01-07T09:00:00Z"
    assert first["ends_at"] == "2030-01-07T10:00:00Z"
    assert first["room"] == str(another_booking.room.pk)
    assert first["device"] == str(another_booking.device.pk)
    if resource == "practitioner":
        assert first["practitioner"] != str(booking.practitioner.pk)
    else:
        assert first["practitioner"] == str(another_booking.practitioner.pk)


def test_the_wanted_practitioner_is_kept_where_possible(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    booking.book()
    RoomFactory(clinic=booking.plan.clinic)
    DeviceFactory(clinic=booking.plan.clinic)
    UserFactory(clinic=booking.plan.clinic)

    offered = refused(as_dana, SESSIONS, another_booking.body(room=str(booking.room.pk)))

    wanted = str(another_booking.practitioner.pk)
    assert offered[0]["practitioner"] == wanted
    assert offered[0]["starts_at"] == "2030-01-07T09:00:00Z"


def test_else_the_nearest_times_before_and_after(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    booking.book()
    another_booking.device.is_active = another_booking.room.is_active = False
    another_booking.device.save()
    another_booking.room.save()
    body = another_booking.body(room=str(booking.room.pk), device=str(booking.device.pk))

    offered = refused(as_dana, SESSIONS, body)

    # The room is taken from 9:00 to 10:15, and 75 minutes are needed before it.
    assert [slot["starts_at"][11:16] for slot in offered][:2] == ["07:45", "10:15"]
    assert {slot["practitioner"] for slot in offered[:2]} == {str(another_booking.practitioner.pk)}


def test_a_closed_day_leads_to_the_nearest_open_one(as_dana: APIClient, booking: Booking) -> None:
    clinic = booking.plan.clinic
    clinic.opening_hours.all().delete()
    OpeningHoursFactory(clinic=clinic, weekday=Weekday.MONDAY, opens_at=time(8), closes_at=time(18))

    offered = refused(as_dana, SESSIONS, booking.body(NINE + DAY))

    assert [slot["starts_at"] for slot in offered] == [
        "2030-01-07T16:00:00Z",
        "2030-01-07T15:45:00Z",
        "2030-01-07T15:30:00Z",
    ]


@pytest.mark.parametrize("choice", [0, 1, 2])
def test_whatever_is_offered_can_be_booked(
    as_dana: APIClient, booking: Booking, another_booking: Booking, choice: int
) -> None:
    booking.book()
    body = another_booking.body(room=str(booking.room.pk))
    offered = refused(as_dana, SESSIONS, body)
    assert len(offered) == 3

    answer = as_dana.post(SESSIONS, {"plan": body["plan"], **offered[choice]})

    assert answer.status_code == 201, answer.json()


@pytest.mark.parametrize("choice", [0, 1, 2])
def test_a_session_that_moves_does_not_stand_in_its_own_way(
    as_dana: APIClient, booking: Booking, another_booking: Booking, choice: int
) -> None:
    """Its own recovery of 28 days would leave nothing to offer near the wanted time."""
    booking.book(NINE + DAY)
    another_booking.room = booking.room
    session = another_booking.book()
    events = session.events.count()
    url = f"{SESSIONS}{session.pk}/reschedule/"

    offered = refused(as_dana, url, {"starts_at": (NINE + DAY).isoformat()})

    session.refresh_from_db()
    assert (session.status, session.events.count()) == (Status.BOOKED, events)
    assert offered[0]["starts_at"] == "2030-01-08T09:00:00Z"
    answer = as_dana.post(url, offered[choice])
    assert answer.status_code == 201, answer.json()
    assert TreatmentSession.objects.occupying().count() == 2


def test_what_another_time_does_not_help_offers_none(as_dana: APIClient, booking: Booking) -> None:
    booking.book()

    problem = as_dana.post(SESSIONS, booking.body(NINE + 7 * DAY)).json()

    assert problem["code"] == "too_soon"
    assert "alternatives" not in problem
    assert problem["earliest_on"] == "2030-02-04"
