"""Outcome visits follow on the last session, in the windows of their kinds."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.models import Anchor, Message
from clinic.catalogue import read
from clinic.management.commands.seed_catalogue import duration
from patients.models import StaffTask
from patients.services import finish_task
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, VisitType
from sessions.safety.outcome_visit import outcome_items
from sessions.scheduling.attendance import attendance
from sessions.tasks import raise_missed_follow_ups
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    PlanFactory,
    SessionFactory,
    visit_type_of,
)
from tests.support.catalogue import ROOT
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def last(booking: Booking) -> TreatmentSession:
    booking.plan.planned_sessions = 1
    booking.plan.save()
    return booking.completed()


def test_each_is_on_the_usual_weekday_and_time_in_its_window(
    booking: Booking, last: TreatmentSession
) -> None:
    found = services.propose_follow_up(plan=booking.plan, at=NINE)

    assert [one.visit_type.code for one in found] == ["outcome-90d", "outcome-180d"]
    usual = last.starts_at_local
    for one, (first, until) in zip(found, [(75, 120), (150, 210)], strict=True):
        local = one.slot.starts_at.astimezone(usual.tzinfo)
        assert (local.weekday(), local.time()) == (usual.weekday(), usual.time())
        assert first <= (local.date() - usual.date()).days <= until
        assert one.slot.practitioner_id == last.practitioner_id
        assert one.shift == ""


def test_what_is_proposed_can_be_booked_and_is_not_proposed_again(
    booking: Booking, last: TreatmentSession
) -> None:
    one, _ = services.propose_follow_up(plan=booking.plan, at=NINE)

    services.book_visit(
        visit_type=one.visit_type,
        patient=booking.plan.patient,
        plan=booking.plan,
        starts_at=one.slot.starts_at,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE,
        by=booking.practitioner,
    )

    left = services.propose_follow_up(plan=booking.plan, at=NINE)
    assert [other.visit_type.code for other in left] == ["outcome-180d"]


def test_visits_of_several_plans_are_never_proposed_at_the_same_time(
    booking: Booking, last: TreatmentSession
) -> None:
    neck = PlanFactory(patient=booking.plan.patient, planned_sessions=1)
    SessionFactory(plan=neck, starts_at=NINE + DAY, status=Status.COMPLETED)

    found = services.propose_follow_up(plan=booking.plan, further_plans=[neck], at=NINE + 2 * DAY)

    assert [one.plan for one in found] == [booking.plan] * 2 + [neck] * 2
    times = sorted((one.slot.starts_at, one.slot.ends_at) for one in found)
    assert all(before[1] <= after[0] for before, after in pairwise(times))


def test_what_ended_in_one_sitting_is_followed_by_one_visit(
    booking: Booking, last: TreatmentSession
) -> None:
    """Proposed once, missed once, measured for both, and counted once."""
    neck = PlanFactory(patient=booking.plan.patient, planned_sessions=1)
    shared = ("practitioner", "room", "device", "occupied_from", "ends_at", "released_at")
    further = {name: getattr(last, name) for name in shared}
    SessionFactory(plan=neck, sitting=last, status=Status.COMPLETED, **further)
    later = NINE + 122 * DAY
    rows = VisitType.objects.filter(code="outcome-90d")
    days = (NINE.date(), later.date())

    first, _ = services.propose_follow_up(plan=neck, further_plans=[booking.plan], at=NINE)
    missed = services.raise_missed_follow_ups(at=later)
    due: Any = attendance(rows, *days, at=later).get()
    visit = services.book_visit(
        visit_type=first.visit_type,
        patient=neck.patient,
        plan=neck,
        starts_at=first.slot.starts_at,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE,
        by=booking.practitioner,
    )

    assert (missed, due.due, due.came) == (1, 1, 0)
    for one, other in ((booking.plan, neck), (neck, booking.plan)):
        left = services.propose_follow_up(plan=one, further_plans=[other], at=NINE)
        assert [found.visit_type.code for found in left] == ["outcome-180d"]
    names = [item.name for item in outcome_items(visit, at=NINE)]
    assert names == ["Photograph, front", f"{booking.plan.area}: Photograph, front"]
    for status in (Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED):
        booking.move(visit, status)
    due = attendance(rows, *days, at=later).get()
    assert (due.due, due.came) == (1, 1)


def test_the_proposal_is_booked_over_http_as_it_is(
    as_dana: APIClient, booking: Booking, last: TreatmentSession
) -> None:
    """Both outcome visits, and the sessions of an area that goes on; then nothing is left."""
    neck = PlanFactory(patient=booking.plan.patient, planned_sessions=1)
    url, together = f"/api/v1/plans/{booking.plan.pk}/", {"further_plans": [str(neck.pk)]}
    asked = f"{url}proposal/?further_plans={neck.pk}&from=2030-02-04"
    proposal = as_dana.get(asked).json()
    for slot in proposal:
        del slot["shift"]  # for people

    without_room = [{**proposal[0], "room": None}, *proposal[1:]]
    refused = as_dana.post(f"{url}book-series/", {"sessions": without_room, **together})
    booked = as_dana.post(f"{url}book-series/", {"sessions": proposal, **together})

    assert refused.json()["errors"][0]["pointer"] == "/sessions/0/room"
    assert [visit["kind"] for visit in booked.json()] == ["TREATMENT", "OUTCOME", "OUTCOME"]
    assert [visit["starts_at"] for visit in booked.json()] == [p["starts_at"] for p in proposal]
    assert as_dana.get(asked).json() == []


def test_what_is_wrong_with_a_plan_is_said_of_it_also_beside_one_that_is_done(
    as_dana: APIClient, booking: Booking, last: TreatmentSession
) -> None:
    names = [(PlanFactory(patient=booking.plan.patient, status=s)) for s in ("ACTIVE", "ON_HOLD")]
    further = "&".join(f"further_plans={plan.pk}" for plan in names)

    answer = as_dana.get(f"/api/v1/plans/{booking.plan.pk}/proposal/?{further}").json()

    assert (answer["code"], answer["errors"][0]["pointer"]) == (
        *("plan_not_active", "/further_plans/1"),
    )


def test_nothing_follows_while_the_course_goes_on(booking: Booking) -> None:
    booking.completed()

    assert services.propose_follow_up(plan=booking.plan, at=NINE) == []


@pytest.mark.parametrize(("days", "left"), [(120, 2), (121, 1), (210, 1), (211, 0)])
def test_a_window_that_has_closed_is_left_out(
    booking: Booking, last: TreatmentSession, days: int, left: int
) -> None:
    found = services.propose_follow_up(plan=booking.plan, at=NINE + timedelta(days=days))

    assert len(found) == left


def test_the_proposal_of_a_plan_tells_them(
    as_dana: APIClient, booking: Booking, last: TreatmentSession
) -> None:
    told = as_dana.get(f"/api/v1/plans/{booking.plan.pk}/proposal/").json()

    assert {row["visit_type"] for row in told} == {
        str(visit_type_of(booking.plan.clinic, code).pk) for code in ("outcome-90d", "outcome-180d")
    }
    assert all(row["device"] is None for row in told)


STEPS = read(Path(ROOT, "aftercare/catalogue/steps.yaml"))
TEXTS = read(Path(ROOT, "aftercare/catalogue/templates.yaml"))


def test_whatever_asks_for_a_visit_says_for_which() -> None:
    asking = {text["step"] for text in TEXTS if "[Ask for " in text["body"]}
    at_any_time = {"cancelled", "recall-365d"}  # the same visit again, a consultation

    assert asking - at_any_time == {
        step["code"]
        for step in STEPS
        if step.get("asks_for") or step.get("next_session_booked") is False
    }


@pytest.mark.parametrize("step", [step for step in STEPS if step.get("asks_for")], ids=str)
def test_what_a_letter_asks_for_can_be_booked_as_long_as_it_is_sent(
    booking: Booking, last: TreatmentSession, step: dict[str, Any]
) -> None:
    first = last.starts_at + duration(step["offset"])
    for moment in (first, first + duration(step["useful_for"]) - timedelta(hours=1)):
        found = services.propose_follow_up(plan=booking.plan, at=moment)
        wanted = next(one for one in found if one.visit_type.code == step["asks_for"])
        visit = services.book_visit(
            visit_type=wanted.visit_type,
            patient=booking.plan.patient,
            plan=booking.plan,
            starts_at=wanted.slot.starts_at,
            practitioner=booking.practitioner,
            room=booking.room,
            at=moment,
            by=booking.practitioner,
        )
        booking.move(visit, Status.CANCELLED, at=moment)


def book_outcome(booking: Booking, code: str = "outcome-90d") -> TreatmentSession:
    return services.book_visit(
        visit_type=visit_type_of(booking.plan.clinic, code),
        patient=booking.plan.patient,
        plan=booking.plan,
        starts_at=NINE + 91 * DAY,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE + DAY,
        by=booking.practitioner,
    )


def test_the_letter_that_asks_for_a_visit_is_withdrawn_while_it_is_booked(booking: Booking) -> None:
    for code in ("outcome-90d", "outcome-180d"):
        CareStepFactory(code=code, anchor=Anchor.LAST_SESSION, offset=90 * DAY, asks_for=code)
    booking.completed()

    visit = book_outcome(booking)
    booked = dict(Message.objects.values_list("step__code", "status"))
    reason = Message.objects.get(step__code="outcome-90d").reason
    booking.move(visit, Status.CANCELLED, at=NINE + 2 * DAY)

    assert booked == {"outcome-90d": "CANCELLED", "outcome-180d": "PENDING"}
    assert reason == "no longer fits: that visit is booked"
    again = Message.objects.get(step__code="outcome-90d", occurrence=2)
    assert again.status == "PENDING"


@pytest.mark.parametrize(
    ("days", "told"),
    [(120, []), (121, ["outcome-90d"]), (134, ["outcome-90d"]), (135, []), (211, ["outcome-180d"])],
)
def test_a_window_that_closes_without_the_visit_is_a_task_of_the_desk(
    last: TreatmentSession, days: int, told: list[str]
) -> None:
    services.raise_missed_follow_ups(at=NINE + days * DAY)

    rows = StaffTask.objects.filter(kind="FOLLOW_UP")
    assert [task.source.split(":")[1] for task in rows] == told
    assert all((task.audience, task.patient) == ("FRONT_DESK", last.patient) for task in rows)


def test_it_is_told_once_even_when_it_is_done(last: TreatmentSession) -> None:
    at = NINE + 122 * DAY
    first, second = (services.raise_missed_follow_ups(at=at) for _ in range(2))
    finish_task(task_id=StaffTask.objects.get().pk, at=at, by=last.practitioner, note="Moved away")

    assert (first, second, services.raise_missed_follow_ups(at=at + DAY)) == (1, 0, 0)


def test_nobody_is_called_who_comes_or_has_come_again(booking: Booking) -> None:
    booking.completed()
    visit = book_outcome(booking)
    at = NINE + 122 * DAY
    booked = services.raise_missed_follow_ups(at=at)
    booking.move(visit, Status.NO_SHOW, at=NINE + 92 * DAY)

    assert (booked, services.raise_missed_follow_ups(at=at)) == (0, 1)
    StaffTask.objects.all().delete()
    booking.completed(NINE + 100 * DAY)
    assert services.raise_missed_follow_ups(at=at) == 0


def test_beat_asks_for_all_clinics(last: TreatmentSession, settings: Any) -> None:
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    raise_missed_follow_ups()

    assert raise_missed_follow_ups.name in names
    assert not StaffTask.objects.exists()  # its windows lie ahead
