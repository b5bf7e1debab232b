"""Maintenance: a plan of its own kind, with its interval, its reason and what is done at home."""

from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.models import CareStep, Message
from aftercare.planning.conditions import unmet_now
from aftercare.services.next_visit import asked_visit
from aftercare.texts.render import render, template_for
from sessions import services
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan, VisitType
from tests.booking.series.series import NOW
from tests.conftest import Booking
from tests.factories import DAY, NINE, OutcomeMeasureFactory, PlanFactory
from tests.support.catalogue import load_catalogue

pytestmark = pytest.mark.django_db
YEARLY = {"kind": "MAINTENANCE", "interval_months": 12, "reason": "Scars come back a little."}


def maintained(booking: Booking, **more: Any) -> TreatmentPlan:
    """A second plan of the same skin, whose course is over."""
    course = booking.plan
    TreatmentPlan.objects.filter(pk=course.pk).update(status=PlanStatus.COMPLETED)
    return PlanFactory(
        patient=course.patient,
        **{"protocol": course.protocol, "planned_sessions": 2, **YEARLY, **more},
    )


def body_of(plan: TreatmentPlan) -> dict[str, Any]:
    names = ("patient", "concern", "area", "protocol")
    return {name: str(getattr(plan, f"{name}_id")) for name in names}


def test_it_is_made_with_what_it_needs(booking: Booking, as_alice: APIClient) -> None:
    measured = OutcomeMeasureFactory(plan=booking.plan)
    told = {**YEARLY, "after_outcome": str(measured.pk), "home_care": ["SUNSCREEN", "RETINOID"]}

    made = as_alice.post("/api/v1/plans/", {**body_of(booking.plan), **told})

    assert made.status_code == 201, made.json()
    answer = made.json()
    assert {name: answer[name] for name in YEARLY} == YEARLY
    assert answer["after_outcome"] == str(measured.pk)
    assert answer["home_care"] == ["RETINOID", "SUNSCREEN"]
    assert answer["planned_sessions"] == 2  # of two years
    listed = as_alice.get("/api/v1/plans/", {"kind": "MAINTENANCE"}).json()["results"]
    assert [row["id"] for row in listed] == [answer["id"]]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"interval_months": None}, 400, "interval_months"),
        ({"interval_months": 25}, 400, "interval_months"),
        ({"reason": " "}, 400, "reason"),
        ({"kind": "COURSE", "interval_months": None}, 400, "reason"),
        ({"kind": "COURSE", "reason": ""}, 400, "interval_months"),
        ({"home_care": ["PRAYER"]}, 400, "home_care"),
        ({"after_outcome": "another patient's"}, 422, "after_outcome"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    booking: Booking, as_alice: APIClient, changes: dict[str, Any], status: int, field: str
) -> None:
    if "after_outcome" in changes:
        other = PlanFactory(patient__clinic=booking.plan.clinic)
        changes = {"after_outcome": str(OutcomeMeasureFactory(plan=other).pk)}

    answer = as_alice.post("/api/v1/plans/", {**body_of(booking.plan), **YEARLY, **changes})

    assert answer.status_code == status, answer.json()
    assert answer.json()["errors"][0]["pointer"].split("/")[1] == field


def test_its_sessions_are_proposed_at_its_interval(booking: Booking) -> None:
    """Counted from the last session of that skin, whichever plan it was of."""
    booking.completed(NINE)
    plan = maintained(booking, interval_months=6)

    first, second = services.propose_series(plan=plan, at=NOW, practitioner=booking.practitioner)

    days = [first.slot.starts_at.date(), second.slot.starts_at.date()]
    assert days[0] - NINE.date() >= 182 * DAY
    assert days[0] - NINE.date() < 197 * DAY
    assert 182 * DAY <= days[1] - days[0] < 197 * DAY


def test_who_has_finished_a_course_is_asked_at_the_interval_of_the_maintenance(
    booking: Booking,
) -> None:
    """From the last session of the course, as long as none of the maintenance is booked; by the
    letter's link it is the maintenance that is booked."""
    load_catalogue()
    TreatmentPlan.objects.update(planned_sessions=1)
    done = booking.completed(NINE)
    letters = Message.objects.filter(session=done, step__code="book-next", status="PENDING")
    assert not letters.exists()

    course = booking.plan
    plan = services.create_plan(
        patient=course.patient,
        concern=course.concern,
        area=course.area,
        protocol=course.protocol,
        practitioner=booking.practitioner,
        kind="MAINTENANCE",
        interval_months=6,
        reason="Scars come back a little.",
        at=NINE + DAY,
        by=booking.practitioner,
    )
    letter = letters.get()
    days = plan.interval_days
    assert days
    assert letter.due_at.date() == NINE.date() + (days - 1) * DAY
    VisitType.objects.update(patient_may_book=True)
    asked = asked_visit(letter, at=letter.due_at)
    assert asked is not None
    assert asked.plans == [plan]
    assert asked.first == NINE.date() + days * DAY

    Booking(plan, booking.practitioner, booking.room, booking.device, booking.zone).book(
        NINE + 190 * DAY
    )
    assert unmet_now(letter) == "the plan has no sessions left"


def test_the_letter_comes_at_its_interval_and_repeats_what_was_agreed(booking: Booking) -> None:
    load_catalogue()
    plan = maintained(booking, home_care=["RETINOID", "SUNSCREEN"])
    session = Booking(plan, booking.practitioner, booking.room, booking.device, booking.zone)
    done = session.completed(NINE)
    letter = Message.objects.get(session=done, step__code="book-next")

    assert letter.due_at.date() == date(2031, 1, 6)  # a year less a day
    template = template_for(letter)
    assert template is not None
    text = render(letter, template).text
    assert "What we agreed on for home: sunscreen each morning and a retinoid at night." in text
    assert CareStep.objects.filter(code="book-next").count() == 1


def test_what_was_agreed_may_change_and_what_it_was_made_for_says_that_it_stays(
    booking: Booking, as_alice: APIClient
) -> None:
    plan = maintained(booking)
    url = f"/api/v1/plans/{plan.pk}/"
    seen = as_alice.get(url)["ETag"]
    changes = {"interval_months": 6, "reason": "Sooner.", "goals": "As it is.", "home_care": []}

    blind = as_alice.patch(url, changes)
    right = as_alice.patch(url, changes, headers={"If-Match": seen})
    late = as_alice.patch(url, {"goals": "More."}, headers={"If-Match": seen})
    fixed = as_alice.patch(
        url, {"kind": "COURSE", "area": str(plan.area_id)}, headers={"If-Match": "*"}
    )
    course = as_alice.patch(
        f"/api/v1/plans/{booking.plan.pk}/", {"interval_months": 6}, headers={"If-Match": "*"}
    )

    answers = (blind, right, late, fixed, course)
    assert [answer.status_code for answer in answers] == [428, 200, 412, 400, 400]
    assert right.json() | changes == right.json()
    assert {error["code"] for error in fixed.json()["errors"]} == {"fixed"}
    assert "Only maintenance has this." in str(course.json())
