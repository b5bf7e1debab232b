"""A new version of a protocol with a longer hard minimum binds what was booked before it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.errors import DomainError
from clinic.models import User
from clinic.values.wallclock import add_wallclock
from sessions import services
from sessions.lifecycle import Status
from sessions.models import ProtocolVersion, TreatmentPlan, TreatmentSession, of_treatment
from sessions.scheduling.availability import offers
from sessions.scheduling.spacing import TooSoon, recoveries, why_not_yet
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    SessionFactory,
)
from tests.support.forms import opened
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
AT = NINE - 2 * DAY  # the new version has taken effect since the first bookings


@kept
def short(booking: Booking) -> ProtocolVersion:
    """What the first sessions are booked by: 14 days."""
    return version(booking, 2, hard_min_days=14, at=NINE - 30 * DAY)


def version(booking: Booking, number: int, *, hard_min_days: int, at: datetime) -> ProtocolVersion:
    made: ProtocolVersion = ProtocolVersionFactory(
        protocol=booking.plan.protocol,
        version=number,
        hard_min_days=hard_min_days,
        soft_min_days=35,
        target_min_days=35,
        target_max_days=42,
        effective_from=at,
    )
    return made


def lengthen(booking: Booking) -> ProtocolVersion:
    return version(booking, 3, hard_min_days=35, at=AT - DAY)


def offered(booking: Booking, day: datetime, *, moving: Any = None) -> bool:
    """Whether nine o'clock of this day is offered."""
    found = offers(
        wanted=booking.plan,
        first=day.date(),
        last=day.date(),
        practitioner_id=booking.practitioner.pk,
        at=AT,
        moving=moving,
    )
    return day in {offer.starts_at for offer in found}


def test_the_next_session_obeys_the_longer_minimum(booking: Booking, short: Any) -> None:
    first = booking.book(at=NINE - 10 * DAY)
    lengthen(booking)

    with pytest.raises(TooSoon, match="must be 35 days apart") as refusal:
        booking.book(NINE + 20 * DAY, at=AT)
    with pytest.raises(DatabaseError, match="session_area_recovered"), transaction.atomic():
        SessionFactory(
            plan=booking.plan,
            starts_at=NINE + 20 * DAY,
            protocol_version=booking.plan.protocol.versions.latest("version"),
        )

    assert refusal.value.earliest_at == NINE + 35 * DAY
    assert refusal.value.extra["hard_min_days"] == 35
    assert refusal.value.extra["conflicting_session"] == str(first.pk)
    assert booking.book(NINE + 35 * DAY, at=AT)


def test_a_session_before_one_that_is_booked_obeys_it_too(booking: Booking, short: Any) -> None:
    booking.book(NINE + 40 * DAY, at=NINE - 10 * DAY)
    lengthen(booking)

    with pytest.raises(TooSoon):
        booking.book(NINE + 20 * DAY, at=AT)
    assert booking.book(NINE + 5 * DAY, at=AT)


def test_a_shorter_minimum_does_not_shorten_what_was_booked_by_the_longer_one(
    booking: Booking, short: Any
) -> None:
    version(booking, 3, hard_min_days=35, at=NINE - 20 * DAY)
    booking.book(at=NINE - 10 * DAY)
    version(booking, 4, hard_min_days=14, at=AT - DAY)

    with pytest.raises(TooSoon, match="must be 35 days apart"):
        booking.book(NINE + 20 * DAY, at=AT)
    assert not offered(booking, NINE + 34 * DAY)
    assert offered(booking, NINE + 35 * DAY)


def test_a_version_that_is_not_in_effect_yet_binds_nobody(booking: Booking, short: Any) -> None:
    booking.book(at=NINE - 10 * DAY)
    version(booking, 3, hard_min_days=35, at=AT + timedelta(microseconds=1))

    assert offered(booking, NINE + 14 * DAY)
    assert booking.book(NINE + 14 * DAY, at=AT)


def test_a_version_binds_from_its_first_moment_on(booking: Booking, short: Any) -> None:
    first = booking.book(at=NINE - 10 * DAY)
    version(booking, 3, hard_min_days=35, at=AT)
    first.refresh_from_db()
    second = TreatmentSession(
        clinic=first.clinic,
        patient=first.patient,
        area=first.area,
        starts_at=of_treatment(first.recovers_at),
        recovers_at=of_treatment(first.recovers_at) + DAY,
    )

    assert not offered(booking, NINE + 34 * DAY)
    assert offered(booking, NINE + 35 * DAY)
    (before,) = recoveries(second, at=AT)
    assert before.recovers_at == NINE + 35 * DAY


def test_a_pair_that_was_booked_stays_and_nothing_slips_between(
    booking: Booking, short: Any
) -> None:
    first = booking.book(at=NINE - 10 * DAY)
    second = booking.book(NINE + 20 * DAY, at=NINE - 10 * DAY)
    lengthen(booking)

    for days in (16, 40, 54):
        assert not offered(booking, NINE + days * DAY), days
        with pytest.raises(TooSoon):
            booking.book(NINE + days * DAY, at=AT)
    assert booking.move(second, Status.CHECKED_IN).status == Status.CHECKED_IN
    first.refresh_from_db()
    assert of_treatment(first.recovers_at) <= second.starts_at


def test_a_practitioner_may_still_approve_a_sooner_session(booking: Booking, short: Any) -> None:
    booking.book(at=NINE - 10 * DAY)
    lengthen(booking)

    sooner = booking.book(NINE + 20 * DAY, at=AT, spacing_override_reason="Healed, seen today")

    assert sooner.recovers_at == NINE + 55 * DAY


def test_a_session_is_not_moved_to_where_it_could_not_be_booked(
    booking: Booking, short: Any
) -> None:
    booking.book(at=NINE - 10 * DAY)
    second = booking.book(NINE + 20 * DAY, at=NINE - 10 * DAY)
    lengthen(booking)

    with pytest.raises(TooSoon):
        services.reschedule_session(
            session_id=second.pk, starts_at=NINE + 21 * DAY, at=AT, by=booking.practitioner
        )

    second.refresh_from_db()
    assert second.status == Status.BOOKED
    assert not offered(booking, NINE + 34 * DAY, moving=second)
    assert offered(booking, NINE + 35 * DAY, moving=second)


def test_moving_one_session_leaves_the_pairs_behind_it_as_they_were(
    booking: Booking, short: Any
) -> None:
    first, second, *_ = (
        booking.book(NINE + days * DAY, at=NINE - 10 * DAY) for days in (0, 20, 80, 100)
    )
    lengthen(booking)

    with pytest.raises(DomainError) as refusal:
        services.reschedule_session(
            session_id=first.pk, starts_at=NINE + DAY, at=AT, by=booking.practitioner
        )

    [moved] = refusal.value.extra["later_sessions"]  # and not the last two
    assert moved["session"] == str(second.pk)


def test_holds_and_the_waitlist_obey_it_as_well(booking: Booking, short: Any) -> None:
    booking.book(at=NINE - 10 * DAY)
    lengthen(booking)

    with pytest.raises(TooSoon):
        services.place_hold(
            plan_id=booking.plan.pk,
            starts_at=NINE + 20 * DAY,
            practitioner=booking.practitioner,
            room=booking.room,
            device=booking.device,
            at=AT,
            by=booking.practitioner,
        )


def test_another_protocol_on_the_same_skin_waits_for_it(booking: Booking, short: Any) -> None:
    """What counts is what the skin recovers from, not what comes after."""
    booking.book(at=NINE - 10 * DAY)
    # in effect by the clock on the wall, which is all that the trigger knows of it
    version(booking, 3, hard_min_days=35, at=short.effective_from.replace(year=2021))
    version(booking, 4, hard_min_days=35, at=AT - DAY)
    other = another_protocol(booking)

    with pytest.raises(TooSoon, match=f"35 days apart .*{booking.plan.protocol.name}"):
        booking.book(NINE + 20 * DAY, plan=other, at=AT)


def another_protocol(booking: Booking) -> TreatmentPlan:
    protocol = ProtocolFactory(area=booking.plan.area)
    plan: TreatmentPlan = PlanFactory(patient=booking.plan.patient, protocol=protocol)
    return plan


def test_the_first_free_time_says_why_not_sooner(booking: Booking, short: Any) -> None:
    booking.book(at=NINE - 10 * DAY)
    new = lengthen(booking)

    why = why_not_yet(booking.plan, protocol=new, after=NINE + DAY, at=AT)

    assert why is not None
    assert why.earliest_at == NINE + 35 * DAY
    assert "35 days" in why.message
    assert why_not_yet(booking.plan, protocol=new, after=why.earliest_at, at=AT) is None


def test_what_was_booked_before_shows_the_longer_recovery(
    booking: Booking, short: Any, manager: User
) -> None:
    first = booking.book(at=NINE - 10 * DAY)
    new = lengthen(booking)

    services.follow_version(version=new, at=AT, by=booking.practitioner)

    first.refresh_from_db()
    assert first.recovers_at == NINE + 35 * DAY


def test_pairs_that_are_closer_are_listed_for_the_manager(
    booking: Booking, short: Any, as_dana: APIClient, as_bob: APIClient
) -> None:
    first = booking.book(at=NINE - 10 * DAY)
    second = booking.book(NINE + 20 * DAY, at=NINE - 10 * DAY)
    booking.book(NINE + 48 * DAY, at=NINE - 10 * DAY)  # 28 days, the minimum today
    path = f"/api/v1/protocols/{booking.plan.protocol.pk}/close-pairs/"

    listed = as_dana.get(path).json()["results"]

    assert [(row["session"], row["follows_on"], row["days"]) for row in listed] == [
        (str(second.pk), str(first.pk), 20)
    ]
    assert as_bob.get(path).json()["results"] == []


def test_the_manager_who_saves_the_version_is_told_which_pairs_are_closer(
    booking: Booking, manager: User
) -> None:
    tomorrow = timezone.now().replace(microsecond=0) + DAY
    first = booking.book(tomorrow, at=tomorrow - 2 * DAY)
    second = booking.book(tomorrow + 30 * DAY, at=tomorrow - 2 * DAY)
    alone = booking.book(tomorrow + 100 * DAY, at=tomorrow - 2 * DAY)
    client = Client()
    client.force_login(manager)
    page = reverse(
        "admin:treatment_sessions_protocolversion_change", args=[booking.plan.protocol_version.pk]
    )
    longer = {"hard_min_days": 35, "soft_min_days": 35, "target_min_days": 35}

    answer = client.post(page, {**opened(client, page), **longer}, follow=True)

    told = [str(message) for message in answer.context["messages"]]
    assert any("1 session is booked closer than 35 days" in text for text in told), told
    new = booking.plan.protocol.versions.latest("version")
    shown = client.get(page.replace(str(booking.plan.protocol_version.pk), str(new.pk)))
    assert f"/{second.pk}/" in shown.content.decode()
    for session, days in ((first, 30), (alone, 35)):
        session.refresh_from_db()
        assert session.recovers_at == add_wallclock(
            session.starts_at, days * DAY, session.clinic.zone
        )
