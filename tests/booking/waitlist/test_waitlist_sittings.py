"""Who waits for several areas is offered a time that is long enough for all of them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import User
from sessions import services
from sessions.lifecycle import Status, WaitlistStatus
from sessions.models import TreatmentPlan, TreatmentSession, WaitlistEntry
from sessions.services.ending.decisions import Choice, Decider
from tests.booking.waitlist.waitlist import NOW, Join, wish
from tests.conftest import Booking
from tests.factories import HOUR, NINE, PlanFactory, SessionFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def neck(booking: Booking) -> TreatmentPlan:
    return PlanFactory(patient=booking.plan.patient)


@pytest.fixture
def entry(booking: Booking, neck: TreatmentPlan, join: Join) -> WaitlistEntry:
    return join(plan=booking.plan, further_plans=[neck])


def free(another: Booking) -> None:
    another.move(another.book(at=NOW), Status.CANCELLED, at=NOW)
    services.offer_freed_slots(at=NOW)


def test_the_offer_is_long_enough_and_booked_for_all_areas(
    entry: WaitlistEntry, booking: Booking, another_booking: Booking, dana: User
) -> None:
    free(another_booking)
    entry.refresh_from_db()
    kept = entry.hold.ends_at - entry.hold.starts_at

    session = services.accept_offer(entry_id=entry.pk, at=NOW + HOUR, by=dana)

    areas = TreatmentSession.objects.of_sitting(session.pk)
    assert {area.plan for area in areas} == set(entry.plans)
    assert kept == session.ends_at - session.starts_at == 2 * HOUR
    entry.refresh_from_db()
    assert (entry.status, entry.session) == (WaitlistStatus.BOOKED, session)


def test_a_time_that_is_too_short_for_all_goes_to_the_next(
    entry: WaitlistEntry, another_booking: Booking, join: Join
) -> None:
    """The room is taken again an hour later."""
    SessionFactory(
        plan__clinic=entry.clinic,
        plan__patient__clinic=entry.clinic,
        room=another_booking.room,
        starts_at=NINE + 1.5 * HOUR,
    )
    next_one = join()

    free(another_booking)

    statuses = [WaitlistEntry.objects.get(pk=one.pk).status for one in (entry, next_one)]
    assert statuses == [WaitlistStatus.WAITING, WaitlistStatus.OFFERED]


def test_a_plan_waits_once_whether_it_leads_or_not(
    as_dana: APIClient, booking: Booking, neck: TreatmentPlan
) -> None:
    def asked(plan: TreatmentPlan, *further: TreatmentPlan) -> Any:
        body = wish(booking, plan=str(plan.pk), further_plans=[str(one.pk) for one in further])
        return as_dana.post("/api/v1/waitlist/", body)

    hand, stranger = PlanFactory(patient=booking.plan.patient), PlanFactory()
    made = asked(booking.plan, neck)
    refused = [asked(neck), asked(hand, neck), asked(hand, hand), asked(hand, stranger)]

    assert (made.status_code, made.json()["further_plans"]) == (201, [str(neck.pk)])
    assert [answer.json()["code"] for answer in refused] == [
        *("already_waiting", "already_waiting", "not_bookable", "invalid"),
    ]
    assert [answer.json()["errors"][0]["pointer"] for answer in refused] == [
        *("/plan", *["/further_plans/0"] * 3),
    ]


def test_of_a_sitting_the_other_areas_wait_on(
    entry: WaitlistEntry, neck: TreatmentPlan, another_booking: Booking, dana: User
) -> None:
    """The plan of the neck ends while its time is offered."""
    free(another_booking)
    decider = Decider(at=NOW, by=dana, reason="moved away", rest=Choice.KEEP)

    services.move_plan(plan_id=neck.pk, to="STOPPED", decider=decider)

    entry.refresh_from_db()
    assert (entry.status, entry.plans) == (WaitlistStatus.WAITING, [entry.plan])
