"""Planning on one page: the protocol follows from the concern, each session has a free time, and
all of it is booked whole or not at all."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User
from patients.models import PatientConcern
from sessions.models import TreatmentPlan, TreatmentSession
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import NINE, PatientFactory, RoomFactory
from tests.support.accesses import Watch
from tests.support.forms import fields_of

pytestmark = pytest.mark.django_db


def page_of(booking: Booking, **asked: Any) -> str:
    """Of another patient, who has no plan yet."""
    patient = asked.pop("patient", None) or PatientFactory(clinic=booking.plan.clinic)
    protocol = booking.plan.protocol
    wishes = {"first_on": "7 Jan 2030", "concern": protocol.concern_id, **asked}
    return reverse("admin:planning-of", args=[patient.pk], query=wishes)


@pytest.fixture
def practitioner(booking: Booking) -> Client:
    return client_of(booking.practitioner)


def test_a_concern_becomes_a_plan_with_all_its_sessions_and_pressed_twice_one(
    practitioner: Client, booking: Booking
) -> None:
    patient = PatientFactory(clinic=booking.plan.clinic)
    protocol = booking.plan.protocol
    known = PatientConcern.objects.create(
        patient=patient, concern=protocol.concern, baseline_grade=3
    )
    asked = practitioner.get(reverse("admin:planning", query={"patient": patient.pk}), follow=True)
    page = page_of(booking, patient=patient)
    seen = practitioner.get(page)
    before = TreatmentPlan.objects.count()
    form = fields_of(seen) | {"goals": "A smoother cheek", "home_care": ["SUNSCREEN"]}

    answers = [practitioner.post(page, form) for _ in range(2)]

    told = seen.content.decode()
    assert f"Recorded for {patient}" in asked.content.decode()
    assert f"every {protocol.versions.get().target_min_days} to" in told
    assert f"{known}, grade 3" in told
    assert before == 1  # looking has planned nothing
    plan = TreatmentPlan.objects.get(patient=patient)
    assert [answer["Location"] for answer in answers] == [url(plan)] * 2
    assert (plan.goals, plan.home_care) == ("A smoother cheek", ["SUNSCREEN"])
    assert list(plan.patient_concerns.all()) == [known]
    assert plan.sessions.count() == plan.planned_sessions


def test_wishes_are_kept_as_far_as_can_be_and_said_where_they_are_not(
    practitioner: Client, booking: Booking
) -> None:
    """On Thursdays in the afternoon, in a room that is taken on one of them."""
    room = RoomFactory(clinic=booking.plan.clinic)
    page = page_of(booking, weekday=3, part="AFTERNOON", room=room.pk)

    rows = fields_of(practitioner.get(page))

    picked = [rows[f"{number}-pick"] for number in range(2)]
    assert [pick.split("|")[:2] for pick in picked] == [
        ["10 Jan 2030", "12:00"],
        ["7 Feb 2030", "12:00"],
    ]
    assert {pick.split("|")[3] for pick in picked} == {str(room.pk)}


def test_a_time_that_was_taken_meanwhile_is_said_with_the_next_free_one_and_all_typed_stays(
    practitioner: Client, booking: Booking
) -> None:
    page = page_of(booking)
    form = fields_of(practitioner.get(page))
    form |= {"goals": "A smoother cheek", "0-starts_at_1": "10:00"}  # of the clinic: nine in UTC
    booking.book(NINE)

    refused = practitioner.post(page, form)
    told, kept = refused.content.decode(), fields_of(refused)
    new = [one for one in kept["0-offered"].split(";") if one not in form["0-offered"]]
    other = next(one for one in new if one.startswith("7 Jan"))
    alone = {name: kept[name] for name in kept if not name.endswith("-is_wanted")}
    booked = practitioner.post(page, {**alone, "0-pick": other, "0-is_wanted": "on"})

    assert "is already booked" in told
    assert "Free: " in told
    assert kept["goals"] == "A smoother cheek"
    assert {name: kept[name] for name in form if "starts_at" in name} == {
        name: form[name] for name in form if "starts_at" in name
    }
    assert booked.status_code == 302
    first = TreatmentSession.objects.exclude(plan=booking.plan).order_by("starts_at").first()
    assert first is not None
    assert first.starts_at != NINE
    assert f"{first.starts_at_local:%H:%M}" == other.split("|")[1]


def test_what_is_no_wish_is_said_at_its_field_and_nothing_is_proposed(
    practitioner: Client, booking: Booking
) -> None:
    page = practitioner.get(page_of(booking, first_on="someday", weekday=2)).content.decode()

    assert "Write a date as" in page
    assert 'value="someday"' in page
    assert "Plan it" not in page


def test_who_looked_at_whom_is_written_down(practitioner: Client, booking: Booking) -> None:
    patient, watch = PatientFactory(clinic=booking.plan.clinic), Watch()
    page = page_of(booking, patient=patient)
    form = fields_of(practitioner.get(page))
    practitioner.post(page, form)
    practitioner.get(url(booking.plan).replace("/change/", "/hold/"))

    looked, planned, held = watch.rows()

    assert [row.action for row in (looked, planned, held)] == ["READ", "WRITE", "READ"]
    assert [set(row.patient_ids) for row in (looked, planned)] == [{patient.pk}] * 2
    assert held.patient_ids == [booking.plan.patient_id]


def test_a_plan_can_be_made_without_booking_anything(
    practitioner: Client, booking: Booking
) -> None:
    page = page_of(booking)

    answer = practitioner.post(page, {**fields_of(practitioner.get(page)), "do": "later"})

    plan = TreatmentPlan.objects.exclude(pk=booking.plan.pk).get()
    assert answer["Location"] == url(plan)
    assert not plan.sessions.exists()


def test_who_may_not_plan_has_no_page_and_nothing_hostile_breaks_it(
    practitioner: Client, booking: Booking, dana: User, bob: User
) -> None:
    hostile = {"concern": "\0", "protocol": "x", "room": "1", "weekday": "9", "part": "x"}
    page = page_of(booking)
    typed = {"0-plans": "x", "0-offered": "|" * 999, "0-pick": "a|b|c|d|e", "goals": "\0"}

    assert practitioner.get(page_of(booking, **hostile)).status_code == 200
    assert practitioner.post(page, typed).status_code == 200
    assert "First whom it is for" in practitioner.get(reverse("admin:planning")).content.decode()
    assert client_of(dana).get(page).status_code == 403
    assert client_of(bob).get(page).status_code == 404  # of another clinic
    whom = reverse("admin:planning", query={"patient": booking.plan.patient_id})
    assert "First whom" in client_of(bob).get(whom).content.decode()
    assert TreatmentPlan.objects.count() == 1
    assert not TreatmentSession.objects.exists()


def test_the_page_takes_a_statement_for_each_session_and_few_beside_them(
    practitioner: Client, booking: Booking, django_assert_max_num_queries: Any
) -> None:
    page = page_of(booking)
    practitioner.get(page)

    with django_assert_max_num_queries(45):
        practitioner.get(page)
