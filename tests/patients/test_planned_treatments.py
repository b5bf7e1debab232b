"""Treatments that a patient plans elsewhere: what they ask of needling, and what became of them."""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.services.visits import times_to_move_to
from clinic.models import User
from patients import services
from patients.models import OtherTreatment, StaffTask
from sessions.models import TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.services.booking.series.proposal import propose_series
from sessions.services.record.other_treatments import ask_after_planned_treatments
from tests.conftest import Booking
from tests.factories import DAY, NINE, OtherTreatmentFactory, PatientFactory
from tests.patients.test_other_treatments import URL, peel_rule

pytestmark = pytest.mark.django_db


def planned(booking: Booking, days: int, **more: Any) -> OtherTreatment:
    """A peel of the booked area, so many days after the booked session."""
    return OtherTreatmentFactory(
        **{"patient": booking.plan.patient, "area": booking.plan.area, "status": "PLANNED", **more},
        treated_on=NINE.date() + days * DAY,
        recorded_at=NINE - 60 * DAY,
    )


def test_what_is_planned_counts_before_and_after_a_session(booking: Booking) -> None:
    """Until somebody says that it was called off; what became of it nobody guesses."""
    peel_rule()
    session = booking.book()
    after, before = planned(booking, 27), planned(booking, -20)

    def found() -> dict[str, str]:
        assessed = assess_session(session, at=NINE)
        codes = ("planned_too_soon_after", "screening_chemical_peel")
        return {a.finding.code: a.finding.message for a in assessed if a.finding.code in codes}

    both = found()
    assert "27 days after needling there on 7 Jan 2030: 28 days" in both["planned_too_soon_after"]
    assert "planned for 18 Dec 2029" in both["screening_chemical_peel"]
    assert "Ask what became of it." in both["screening_chemical_peel"]

    for other in (after, before):
        other.status = "CALLED_OFF"
        other.save()
    assert found() == {}


def test_a_day_ahead_is_a_plan_until_somebody_says_that_it_was_done(
    booking: Booking, as_alice: APIClient
) -> None:
    """Over HTTP, with what stands in the way of it said at once."""
    peel_rule()
    needled_on = booking.book().starts_at_local.date()
    body = {
        **{"patient": str(booking.plan.patient_id), "kind": "PEEL", "area": booking.plan.area.code},
        **{"treated_on": (timezone.localdate() + 300 * DAY).isoformat(), "place": "HERE"},
    }

    refused = as_alice.post(URL, body)
    made = as_alice.post(URL, {**body, "status": "PLANNED"})
    url = f"{URL}{made.json()['id']}/"
    seen: dict[str, Any] = {"headers": {"If-Match": "*"}}
    too_early = as_alice.patch(url, {"status": "DONE"}, **seen)
    done = as_alice.patch(url, {"status": "DONE", "treated_on": "2024-05-01"}, **seen)
    near = OtherTreatmentFactory(
        **{"patient": booking.plan.patient, "area": booking.plan.area, "status": "PLANNED"},
        treated_on=needled_on + 9 * DAY,
    )
    warned = as_alice.patch(f"{URL}{near.pk}/", {"notes": "TCA 15 %"}, **seen)
    off = as_alice.patch(f"{URL}{near.pk}/", {"status": "CALLED_OFF"}, **seen)

    answers = (refused, made, too_early, done, warned, off)
    assert [answer.status_code for answer in answers] == [400, 201, 400, 200, 200, 200]
    assert "or that it is planned" in str(refused.json()["errors"])
    assert made.json()["status"] == "PLANNED"
    assert [made.json()["warnings"], off.json()["warnings"]] == [[], []]
    (warning,) = warned.json()["warnings"]
    assert "9 days after needling there on 7 Jan 2030: 28 days are waited" in warning
    listed = as_alice.get(URL, {"status": "CALLED_OFF"}).json()["results"]
    assert [row["id"] for row in listed] == [str(near.pk)]


def test_the_washout_that_a_booked_session_breaks_is_said(booking: Booking) -> None:
    """And said no longer once the session has been cancelled."""
    peel_rule()
    session = booking.book()
    planned(booking, -20)
    planned(booking, -21)

    (task,) = StaffTask.objects.open()
    assert "Needling on 7 Jan 2030 is 20 days after" in task.detail
    assert "21 days are waited before needling there. Clear on 8 Jan 2030." in task.detail
    booking.move(session, "CANCELLED")
    ask_after_planned_treatments(at=NINE - 30 * DAY)
    assert not StaffTask.objects.open().exists()


def test_a_booking_says_which_washout_it_breaks(
    booking: Booking, as_alice: APIClient, alice: User
) -> None:
    """And who moves it there by a link is offered no such day."""
    peel_rule()
    planned(booking, -20)
    body = {
        **{"plan": str(booking.plan.pk), "starts_at": NINE.isoformat()},
        **{"practitioner": str(alice.pk), "room": str(booking.room.pk)},
        "device": str(booking.device.pk),
    }

    near = as_alice.post("/api/v1/sessions/", body)
    task = StaffTask.objects.open().get()
    found = times_to_move_to(
        TreatmentSession.objects.select_related("clinic").get(pk=near.json()["id"]),
        first=NINE.date() - 6 * DAY,
        last=NINE.date() + 6 * DAY,
        at=NINE - 9 * DAY,
    )
    moved = as_alice.post(
        f"/api/v1/sessions/{near.json()['id']}/reschedule/",
        {"starts_at": (NINE + DAY).isoformat()},
        headers={"If-Match": "*"},
    )

    assert (near.status_code, near.json()["clear_on"]) == (201, "2030-01-08"), near.json()
    assert "Needling on 7 Jan 2030 is 20 days after" in task.detail
    zone = booking.plan.clinic.zone
    assert min(o.starts_at for o in found).astimezone(zone).date() == date(2030, 1, 8)
    assert (moved.status_code, moved.json()["clear_on"]) == (201, None), moved.json()
    assert not StaffTask.objects.open().exists()


def test_somebody_is_asked_what_became_of_a_plan(booking: Booking, alice: User) -> None:
    """Once, from the day after it on; whoever answers ends the task, and moving it does too."""
    other, later = planned(booking, 0), planned(booking, 1)
    archived = planned(booking, 0, patient=PatientFactory(archived_at=NINE))

    asked = [ask_after_planned_treatments(at=NINE + days * DAY) for days in (0, 1, 1, 2)]

    assert asked == [0, 1, 0, 1]
    tasks = StaffTask.objects.open()
    assert set(tasks.values_list("source", flat=True)) == {
        other.question_source,
        later.question_source,
    }
    assert not tasks.filter(patient=archived.patient).exists()
    for treatment, changes in (
        (other, {"status": "CALLED_OFF"}),
        (later, {"treated_on": NINE.date() + 9 * DAY}),
    ):
        services.correct_other_treatment(
            treatment_id=treatment.pk, changes=changes, at=NINE + 3 * DAY, by=alice
        )
    assert not StaffTask.objects.open().exists()


def test_no_session_is_proposed_too_near_to_what_is_planned(booking: Booking) -> None:
    """Not before it, and not within its washout; what is farther ahead changes nothing."""
    peel_rule()
    now = NINE - DAY
    at: dict[str, Any] = {"plan": booking.plan, "at": now, "practitioner": booking.practitioner}

    def first() -> tuple[date, str]:
        proposed = propose_series(**at)[0]
        return proposed.slot.starts_at.astimezone(booking.plan.clinic.zone).date(), proposed.shift

    free = first()
    other = planned(booking, 26)
    clear = other.treated_on + 21 * DAY
    near = first()
    OtherTreatment.objects.update(treated_on=free[0] + 28 * DAY)

    assert near == (clear, f"a washout ends on {clear:%-d %b %Y}")
    assert first() == free
