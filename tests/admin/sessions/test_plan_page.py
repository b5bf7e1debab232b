"""The page of a plan: how far it is, its sessions, and to hold, resume or stop it."""

import pytest
from django.test import Client

from clinic.models import User
from sessions.lifecycle import PlanStatus
from sessions.models import PlanEvent
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import DAY, NINE
from tests.support.forms import fields_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def practitioner(booking: Booking) -> Client:
    return client_of(booking.practitioner)


def page_of(booking: Booking, move: str) -> str:
    return url(booking.plan).replace("/change/", f"/{move}/")


def status(booking: Booking) -> str:
    booking.plan.refresh_from_db()
    return booking.plan.status


def test_it_says_how_far_the_plan_is_and_which_buttons_it_has_now(
    practitioner: Client, dana: User, booking: Booking
) -> None:
    booking.completed()
    booking.book(NINE + 28 * DAY)

    page = practitioner.get(url(booking.plan)).content.decode()
    at_the_desk = client_of(dana).get(url(booking.plan)).content.decode()

    assert f"1 of {booking.plan.planned_sessions} sessions done, 1 booked" in page
    assert "Session 2: Mon 4 Feb 2030, 10:00" in page
    moves = {move: f"/{move}" in page for move in ("activate", "hold", "complete", "stop")}
    assert moves == {"activate": False, "hold": True, "complete": True, "stop": True}
    assert "/hold" not in at_the_desk


def test_it_is_held_with_a_reason_and_a_decision_about_what_is_booked_and_resumed(
    practitioner: Client, booking: Booking
) -> None:
    session = booking.book(NINE)
    hold, resume = page_of(booking, "hold"), page_of(booking, "activate")

    nothing_said = practitioner.post(hold, fields_of(practitioner.get(hold)))
    why = {**fields_of(nothing_said), "_ahead_reason": "A rash"}
    asked = practitioner.post(hold, why)
    decided = {**fields_of(asked), "_ahead_rest": "CANCEL"}
    held = [practitioner.post(hold, decided) for _ in range(2)]
    was = status(booking)
    practitioner.post(resume, fields_of(practitioner.get(resume)))

    assert "Say why the plan is held" in nothing_said.content.decode()
    assert "What lies ahead" in asked.content.decode()
    assert fields_of(asked)["_ahead_reason"] == "A rash"
    assert [answer["Location"] for answer in held] == [url(booking.plan)] * 2
    session.refresh_from_db()
    assert (was, session.status, status(booking)) == ("ON_HOLD", "CANCELLED", "ACTIVE")
    held_once = PlanEvent.objects.get(plan=booking.plan, new_status=PlanStatus.ON_HOLD)
    assert held_once.reason == "A rash"


def test_looking_changes_nothing_and_who_may_not_change_it_cannot(
    practitioner: Client, dana: User, bob: User, booking: Booking
) -> None:
    stop = page_of(booking, "stop")

    shown = practitioner.get(stop)
    refused = [client_of(user).post(stop, {"_ahead_reason": "x"}) for user in (dana, bob)]
    gone = practitioner.post(page_of(booking, "activate"), {"_ahead_reason": "x"})

    assert shown.status_code == 200
    assert [answer.status_code for answer in refused] == [403, 404]
    assert "cannot" in gone.content.decode()
    assert status(booking) == "ACTIVE"
