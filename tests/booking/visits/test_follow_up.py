"""Outcome visits follow on the last session, in the windows of their kinds."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from sessions import services
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import NINE, visit_type_of

pytestmark = pytest.mark.django_db


@pytest.fixture
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
