"""The waitlist over HTTP."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Clinic
from sessions import services
from sessions.lifecycle import Status
from sessions.models import WaitlistEntry
from tests.booking.waitlist.waitlist import NOW, wish
from tests.conftest import Booking
from tests.factories import WaitlistEntryFactory
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db
WAITLIST = "/api/v1/waitlist/"


def test_the_desk_keeps_the_waitlist_over_http(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    answer = as_dana.post(WAITLIST, wish(booking, weekdays=[0, 2], earliest="09:00"))
    entry = answer.json()
    url = f"{WAITLIST}{entry['id']}/"
    early = as_dana.post(f"{url}accept/")
    session = another_booking.book(at=NOW)
    another_booking.move(session, Status.CANCELLED, at=NOW)
    services.offer_freed_slots(at=timezone.now())

    offered = as_dana.get(f"{WAITLIST}?status=OFFERED").json()["results"]
    twice = as_dana.post(WAITLIST, wish(booking))
    accepted = as_dana.post(f"{url}accept/")

    assert answer.status_code == 201
    assert (entry["status"], entry["weekdays"], entry["earliest"]) == (
        *("WAITING", [0, 2]),
        "09:00:00",
    )
    assert (early.status_code, early.json()["code"]) == (409, "illegal_waitlist_move")
    assert [row["offered_starts_at"] for row in offered] == ["2030-01-07T09:00:00Z"]
    assert (twice.status_code, twice.json()["code"]) == (409, "already_waiting")
    assert accepted.status_code == 201
    assert accepted.json()["plan"] == str(booking.plan.pk)
    assert as_dana.get(url).json()["session"] == accepted.json()["id"]


def test_declining_and_withdrawing_over_http(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    url = f"{WAITLIST}{as_dana.post(WAITLIST, wish(booking)).json()['id']}/"
    another_booking.move(another_booking.book(at=NOW), Status.CANCELLED, at=NOW)
    services.offer_freed_slots(at=timezone.now())

    declined = as_dana.post(f"{url}decline/", {"reason": "on holiday"})
    withdrawn = as_dana.post(f"{url}withdraw/")
    again = as_dana.post(f"{url}withdraw/")

    assert (declined.status_code, declined.json()["status"]) == (200, "WAITING")
    assert declined.json()["offered_starts_at"] is None
    assert withdrawn.json()["status"] == "WITHDRAWN"
    assert (again.status_code, again.json()["code"]) == (409, "illegal_waitlist_move")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"plan": "x"}, "/plan"),
        ({"from_on": "soon"}, "/from_on"),
        ({"until_on": "2029-12-31"}, "/until_on"),
        ({"weekdays": [7]}, "/weekdays/0"),
        ({"weekdays": 1}, "/weekdays"),
        ({"earliest": "12:00", "latest": "09:00"}, "/latest"),
        ({"practitioner": "x"}, "/practitioner"),
    ],
)
def test_a_bad_wish_is_named(
    as_dana: APIClient, booking: Booking, changes: dict[str, Any], pointer: str
) -> None:
    answer = as_dana.post(WAITLIST, wish(booking, **changes))

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not WaitlistEntry.objects.exists()


def test_the_waitlist_takes_a_fixed_number_of_queries(
    as_dana: APIClient, clinic: Clinic, django_assert_num_queries: Any
) -> None:
    for count in (1, 5):
        for _ in range(count):
            WaitlistEntryFactory(plan__patient__clinic=clinic)
        with django_assert_num_queries(2 + RECORDED):  # with the further plans of all
            as_dana.get(WAITLIST)
