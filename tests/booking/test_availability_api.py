"""Free times over HTTP."""

import pytest
from rest_framework.test import APIClient

from sessions.lifecycle import Status
from tests.conftest import Booking

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


def test_free_times_over_http(as_dana: APIClient, booking: Booking) -> None:
    url = f"/api/v1/availability/?plan={booking.plan.pk}"

    slots = as_dana.get(f"{url}&from=2030-01-07&to=2030-01-07").json()
    booked = as_dana.post(SESSIONS, {"plan": str(booking.plan.pk), **without_end(slots[36])})

    assert len(slots) == 96
    assert set(slots[0]) == {"starts_at", "ends_at", "practitioner", "room", "device"}
    assert booked.status_code == 201
    again = as_dana.get(
        f"{url}&from=2030-01-07&to=2030-01-07&practitioner={slots[0]['practitioner']}"
    )
    assert again.json() == []  # the skin recovers


def without_end(slot: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in slot.items() if name != "ends_at"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "/from"),
        ("from=2030-01-07&to=2030-01-06", "/to"),
        ("from=2030-01-07&to=2030-03-07", "/to"),
        ("from=now&to=2030-01-06", "/from"),
        ("from=2030-01-07&to=2030-01-07&practitioner=x", "/practitioner"),
        ("from=2030-01-07&to=2030-01-07&room=x", "/room"),
    ],
)
def test_a_wrong_question_for_free_times_is_named(
    as_dana: APIClient, booking: Booking, query: str, pointer: str
) -> None:
    answer = as_dana.get(f"/api/v1/availability/?plan={booking.plan.pk}&{query}")

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_session_that_is_to_be_moved_finds_the_times_around_its_own(
    as_dana: APIClient, as_bob: APIClient, booking: Booking
) -> None:
    session = booking.book()
    days = "from=2030-01-07&to=2030-01-07"
    url = f"/api/v1/availability/?{days}"

    found = as_dana.get(f"{url}&instead_of={session.pk}").json()
    compact = as_dana.get(f"/api/v1/availability/compact/?{days}&instead_of={session.pk}").json()

    assert as_dana.get(f"{url}&plan={booking.plan.pk}").json() == []
    assert len(found) == 96
    assert "2030-01-07T09:15:00Z" in [slot["starts_at"] for slot in found]
    assert compact["results"]
    both = as_dana.get(f"{url}&instead_of={session.pk}&plan={booking.plan.pk}")
    assert [error["pointer"] for error in both.json()["errors"]] == ["/plan"]
    assert as_bob.get(f"{url}&instead_of={session.pk}").status_code == 400
    booking.move(session, Status.CANCELLED)
    assert as_dana.get(f"{url}&instead_of={session.pk}").status_code == 400
