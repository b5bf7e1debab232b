"""A series on the page of a plan: proposed, changed, and booked whole or not at all."""

from typing import Any

import pytest
from django.test import Client

from clinic.models import User
from sessions.models import Kind, TreatmentPlan, TreatmentSession
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import DAY, NINE, PlanFactory
from tests.support.forms import fields_of

pytestmark = pytest.mark.django_db
LIST = ("-pick", "-picked", "-offered")  # of free times, above what is typed
JANUARY = "first_on=7+Jan+2030"


def page_of(plan: TreatmentPlan, asked: str = JANUARY) -> str:
    return url(plan).replace("/change/", f"/series/?{asked}")


@pytest.fixture
def desk(dana: User, booking: Booking) -> Client:
    TreatmentPlan.objects.filter(pk=booking.plan.pk).update(planned_sessions=3)
    return client_of(dana)


def days_booked() -> list[Any]:
    rows = TreatmentSession.objects.filter(sitting=None, patient__isnull=False)
    return [(row.starts_at - NINE) / DAY for row in rows.order_by("starts_at")]


def test_face_and_neck_are_booked_in_one_go_and_pressed_twice_once(
    desk: Client, booking: Booking
) -> None:
    neck = PlanFactory(patient=booking.plan.patient, planned_sessions=2)
    page = page_of(booking.plan, f"{JANUARY}&further_plans={neck.pk}")
    form = fields_of(desk.get(page))

    answers = [desk.post(page, form) for _ in range(2)]

    assert [answer["Location"] for answer in answers] == [url(booking.plan)] * 2
    assert len(days_booked()) == 3
    assert TreatmentSession.objects.filter(plan=neck).count() == 2
    plan_page = desk.get(url(booking.plan)).content.decode()
    assert "This was saved already" in plan_page
    assert f"{url(booking.plan).replace('/change/', '/series')}" in plan_page
    assert "Nothing is left to be booked" in desk.get(page).content.decode()


def test_all_that_is_in_the_way_is_said_at_its_field_and_nothing_typed_is_lost(
    desk: Client, booking: Booking, another_booking: Booking
) -> None:
    """The room is taken, the day is too early; the time that is not ticked is not booked."""
    another_booking.room = booking.room
    another_booking.book(NINE + 28 * DAY)
    page = page_of(booking.plan)
    form = fields_of(desk.get(page))
    form["0-starts_at_1"] = "10:00"
    form |= {"1-starts_at_0": "4 Feb 2030", "1-starts_at_1": "10:00", "2-starts_at_0": "8 Jan 2020"}

    refused = desk.post(page, form)
    told = refused.content.decode()
    kept = fields_of(refused)
    mended = desk.post(page, {**kept, "1-starts_at_0": "5 Feb 2030", "2-is_wanted": ""})

    assert "is already booked on 4 Feb 2030" in told
    assert "must start in the future" in told
    assert "Free: " in told
    typed = {name for name in form if name[0].isdigit() and not name.endswith(LIST)}
    assert {name: kept[name] for name in typed} == {name: form[name] for name in typed}
    assert mended.status_code == 302
    assert days_booked() == [0, 28, 29]


def test_what_follows_on_the_last_session_is_booked_here_too(
    desk: Client, booking: Booking
) -> None:
    TreatmentPlan.objects.filter(pk=booking.plan.pk).update(planned_sessions=1)
    booking.completed()
    page = page_of(booking.plan, "")

    desk.post(page, fields_of(desk.get(page)))

    kinds = TreatmentSession.objects.order_by("starts_at").values_list("kind", flat=True)
    assert list(kinds) == [Kind.TREATMENT, Kind.OUTCOME, Kind.OUTCOME]


def test_what_cannot_be_proposed_is_said_and_nothing_breaks_the_page(
    desk: Client, booking: Booking, bob: User
) -> None:
    page = page_of(booking.plan, "")
    hostile = {"further_plans": "x", "practitioner": "\0", "first_on": "9" * 400}
    sent = [("0-plans", "x"), ("1-plans", str(booking.plan.pk)), ("1-visit_type", "\0")]

    assert desk.get(page, hostile).status_code == 200
    assert "Tick at least one" in desk.post(page, dict(sent)).content.decode()
    assert client_of(bob).get(page).status_code == 404
    booking.plan.move_to("ON_HOLD", at=NINE, by=bob)
    assert "The plan is on hold" in desk.get(page).content.decode()
    assert "Book the series" not in desk.get(url(booking.plan)).content.decode()
    assert not TreatmentSession.objects.exists()
