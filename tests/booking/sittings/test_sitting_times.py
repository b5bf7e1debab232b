"""Free times and holds for several areas in one sitting."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from sessions import services
from sessions.models import Hold, TreatmentPlan
from sessions.scheduling.availability import SlotTaken, offers
from sessions.scheduling.spacing import TooSoon
from sessions.scheduling.wanted import SittingRequest, wanted_by
from sessions.services.booking.checks.prepare import NotBookable
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, PlanFactory, ProtocolFactory, ProtocolVersionFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
FREE = "/api/v1/availability/"


@kept
def neck(booking: Booking) -> TreatmentPlan:
    """Another area of the same patient, which takes 30 minutes more and recovers for 40 days."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        duration_minutes=30,
        hard_min_days=40,
        soft_min_days=40,
        target_min_days=40,
        target_max_days=50,
    )
    return PlanFactory(patient=booking.plan.patient, protocol=protocol)


def hold(booking: Booking, *further: TreatmentPlan) -> Hold:
    return services.place_hold(
        plan_id=booking.plan.pk,
        further_plans=further,
        starts_at=NINE,
        practitioner=booking.practitioner,
        room=booking.room,
        device=booking.device,
        at=NINE - DAY,
        by=booking.practitioner,
    )


def test_the_times_of_all_areas_are_asked_for_together(
    as_dana: APIClient, booking: Booking, neck: TreatmentPlan
) -> None:
    booking.book(plan=neck)
    query = {"plan": booking.plan.pk, "further_plans": [neck.pk]}
    day = f"{NINE + 40 * DAY:%Y-%m-%d}"

    early = as_dana.get(FREE, {**query, "from": f"{NINE + 30 * DAY:%Y-%m-%d}", "to": day}).json()
    first = as_dana.get(f"{FREE}first/", {**query, "after": "2030-01-08"}).json()

    assert early[0] == first["slot"]
    assert first["earliest_at"] == early[0]["starts_at"] == f"{NINE + 40 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert first["reason"]["code"] == "too_soon"
    body = {**early[0], "plan": str(booking.plan.pk), "further_plans": [str(neck.pk)]}
    booked = as_dana.post("/api/v1/sessions/", body).json()
    assert (booked["starts_at"], booked["ends_at"]) == (early[0]["starts_at"], early[0]["ends_at"])


def test_areas_that_do_not_go_together_have_no_times(as_dana: APIClient, booking: Booking) -> None:
    stranger = PlanFactory(patient__clinic=booking.plan.clinic)
    days = {"plan": booking.plan.pk, "from": "2030-01-07", "to": "2030-01-07"}

    refused = as_dana.get(FREE, {**days, "further_plans": [stranger.pk]})
    twice = as_dana.get(FREE, {**days, "further_plans": [booking.plan.pk]})

    assert (refused.status_code, twice.status_code) == (422, 422)
    assert "further_plans/0" in refused.content.decode()
    with pytest.raises(NotBookable):
        hold(booking, stranger)


def test_a_hold_is_long_enough_for_all_and_ends_with_the_booking_of_all(
    booking: Booking, another_booking: Booking, neck: TreatmentPlan
) -> None:
    held = hold(booking, neck)

    assert held.ends_at == NINE + 1.5 * HOUR
    with pytest.raises(SlotTaken):
        another_booking.book(NINE + HOUR, room=booking.room, at=NINE - DAY)
    booking.book(further_plans=[neck], at=NINE - DAY)
    assert not Hold.objects.exists()


def test_what_cannot_be_booked_for_all_areas_cannot_be_held(
    booking: Booking, neck: TreatmentPlan
) -> None:
    booking.book(NINE - 30 * DAY, plan=neck)

    with pytest.raises(TooSoon, match="40 days apart"):
        hold(booking, neck)


def test_a_sitting_that_moves_is_in_nobodys_way_and_takes_its_whole_time(
    booking: Booking, neck: TreatmentPlan
) -> None:
    session = booking.book(further_plans=[neck])
    wanted = wanted_by(session)
    day = NINE.astimezone(booking.plan.clinic.zone).date()

    found = offers(
        wanted=wanted, first=day, last=day, practitioner_id=None, at=NINE - DAY, moving=session
    )

    assert isinstance(wanted, SittingRequest)
    assert NINE in [offer.starts_at for offer in found]
    assert {offer.ends_at - offer.starts_at for offer in found} == {timedelta(minutes=90)}


def test_later_sittings_are_shifted_whole(booking: Booking, neck: TreatmentPlan) -> None:
    first = booking.book(further_plans=[neck])
    later = booking.book(NINE + 45 * DAY, further_plans=[neck])

    services.reschedule_session(
        session_id=first.pk,
        starts_at=NINE + 20 * DAY,
        shift_later=True,
        at=NINE - DAY,
        by=booking.practitioner,
    )

    shifted = later.rescheduled_to
    assert shifted.starts_at == NINE + 60 * DAY  # the neck recovers for 40 days
    assert shifted.ends_at == later.ends_at + 15 * DAY
    assert shifted.further_areas.get().plan == neck
