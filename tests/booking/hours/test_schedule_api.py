"""Closures, time off and working hours, over HTTP."""

import pytest
from rest_framework.test import APIClient

from clinic.models import Device, Room, User
from tests.booking.hours.times import soon
from tests.conftest import Booking, client_of
from tests.factories import DAY, HOUR, NINE

pytestmark = pytest.mark.django_db


def test_a_manager_closes_the_clinic(booking: Booking, manager: User, as_dana: APIClient) -> None:
    session = booking.book(soon())
    client = client_of(manager)
    body = {
        "clinic": str(booking.plan.clinic_id),
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "reason": "water pipe",
    }

    refused = client.post("/api/v1/closures/", body, format="json")
    done = client.post("/api/v1/closures/", {**body, "accept": True}, format="json")
    listed = as_dana.get("/api/v1/closures/").json()["results"]
    moves = as_dana.get(f"/api/v1/closures/{done.json()['id']}/bookings/").json()["results"]
    booked = as_dana.post("/api/v1/sessions/", booking.body(session.starts_at), format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "bookings_in_the_way")
    assert [hit["id"] for hit in refused.json()["bookings"]] == [str(session.pk)]
    assert "Hopper" not in refused.content.decode()
    assert done.status_code == 201
    assert listed == [done.json()]
    assert moves[0]["session"] == str(session.pk)
    assert moves[0]["offer"]["starts_at"] >= done.json()["ends_at"]
    assert (booked.status_code, booked.json()["code"]) == (409, "closed")


def test_a_practitioner_takes_time_off_and_comes_back(
    booking: Booking, as_alice: APIClient, as_bob: APIClient
) -> None:
    body = {
        "practitioner": str(booking.practitioner.pk),
        "starts_at": soon().isoformat(),
        "ends_at": (soon() + DAY).isoformat(),
    }

    done = as_alice.post("/api/v1/time-off/", body, format="json")
    off = as_alice.post("/api/v1/sessions/", booking.body(soon()), format="json")
    foreign = as_bob.post("/api/v1/time-off/", body, format="json")
    not_his = as_bob.delete(f"/api/v1/time-off/{done.json()['id']}/")
    back = as_alice.delete(f"/api/v1/time-off/{done.json()['id']}/")
    on = as_alice.post("/api/v1/sessions/", booking.body(soon()), format="json")

    assert (off.status_code, off.json()["code"]) == (409, "practitioner_off")
    assert (foreign.status_code, not_his.status_code) == (400, 404)
    assert (done.status_code, back.status_code, on.status_code) == (201, 204, 201)


def test_working_hours_over_http(booking: Booking, as_alice: APIClient) -> None:
    body = {
        "practitioner": str(booking.practitioner.pk),
        "clinic": str(booking.plan.clinic_id),
        "weekday": 0,
        "opens_at": "08:00",
        "closes_at": "12:00",
        "valid_from": "2030-01-01",
    }

    done = as_alice.post("/api/v1/working-hours/", body, format="json")
    twice = as_alice.post("/api/v1/working-hours/", {**body, "opens_at": "11:00"}, format="json")
    backwards = as_alice.post(
        "/api/v1/working-hours/", {**body, "closes_at": "07:00"}, format="json"
    )
    listed = as_alice.get(f"/api/v1/working-hours/?practitioner={booking.practitioner.pk}")

    assert [answer.status_code for answer in (done, twice, backwards)] == [201, 400, 400]
    assert "overlap" in twice.json()["detail"]
    assert "must" in backwards.json()["detail"]
    assert listed.json()["results"] == [done.json()]


def test_hours_that_would_leave_a_session_out_ask_first(
    booking: Booking, as_alice: APIClient
) -> None:
    session = booking.book()  # a Monday at 10:00 in Berlin
    body = {
        "practitioner": str(booking.practitioner.pk),
        "clinic": str(booking.plan.clinic_id),
        "weekday": 0,
        "opens_at": "11:00",
        "closes_at": "17:00",
    }
    before = {**body, "valid_from": "2030-01-01"}

    asked = as_alice.post("/api/v1/working-hours/", before, format="json")
    after = as_alice.post(
        "/api/v1/working-hours/", {**body, "valid_from": "2030-01-08"}, format="json"
    )
    url = f"/api/v1/working-hours/{after.json()['id']}/"
    assert as_alice.delete(url).status_code == 204
    moved = as_alice.post("/api/v1/working-hours/", {**before, "rest": "MOVE"}, format="json")

    assert (asked.status_code, asked.json()["code"]) == (409, "still_ahead")
    assert [entry["id"] for entry in asked.json()["bookings"]] == [str(session.pk)]
    assert (after.status_code, moved.status_code) == (201, 201)
    new = session.rescheduled_to
    assert new.starts_at >= NINE + HOUR or new.practitioner != booking.practitioner


@pytest.mark.parametrize("path", ["sessions/", "reschedule/"])
@pytest.mark.parametrize(
    ("local", "code", "named"),
    [
        ("2030-03-31T02:30", "skipped_time", ["2030-03-31T01:45", "2030-03-31T03:00"]),
        ("2030-10-27T02:30", "doubled_time", ["T02:30+02:00", "T02:30+01:00"]),
    ],
)
def test_a_local_time_that_is_none_or_two_is_refused(
    booking: Booking, as_dana: APIClient, path: str, local: str, code: str, named: list[str]
) -> None:
    url, body = "/api/v1/sessions/", {**booking.body(), "starts_at": local}
    if path == "reschedule/":
        url, body = f"{url}{booking.book().pk}/reschedule/", {"starts_at": local}

    answer = as_dana.post(url, body, format="json")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/starts_at", code)
    assert all(name in error["detail"] for name in named)


def test_a_local_time_is_read_on_the_clock_of_the_clinic(
    booking: Booking, as_dana: APIClient
) -> None:
    body = {**booking.body(), "starts_at": "2030-01-07T10:00"}

    answer = as_dana.post("/api/v1/sessions/", body, format="json")

    assert (answer.status_code, answer.json()["starts_at"]) == (201, "2030-01-07T09:00:00Z")


def test_rooms_and_devices_say_what_they_serve(as_dana: APIClient, booking: Booking) -> None:
    Room.objects.update(areas=["scalp"])
    Device.objects.update(areas=["face"])

    assert as_dana.get("/api/v1/rooms/").json()["results"][0]["areas"] == ["scalp"]
    assert as_dana.get("/api/v1/devices/").json()["results"][0]["areas"] == ["face"]
