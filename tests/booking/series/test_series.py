"""Series: proposed at the usual time, booked all or none, and moved without crowding the skin."""

from datetime import time
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Weekday
from sessions import services
from sessions.lifecycle import PlanStatus, Status
from sessions.scheduling.spacing import recovery_end
from sessions.services.booking.checks import prepare as rules
from sessions.services.booking.series.shifting import NoFreeTime
from tests.booking.series.series import NOW, propose
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    OpeningHoursFactory,
    PlanFactory,
    ProtocolVersionFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


WEEKS = 7 * DAY


def local_starts(booking: Booking, proposed: list[services.Proposed]) -> list[str]:
    zone = booking.plan.clinic.zone
    return [f"{p.slot.starts_at.astimezone(zone):%a %-d %b %H:%M}" for p in proposed]


@pytest.fixture
def office_hours(booking: Booking) -> None:
    """Monday and Wednesday, 10:00 to 14:00."""
    clinic = booking.plan.clinic
    clinic.opening_hours.all().delete()
    for day in (Weekday.MONDAY, Weekday.WEDNESDAY):
        OpeningHoursFactory(clinic=clinic, weekday=day, opens_at=time(10), closes_at=time(14))


@pytest.mark.usefixtures("office_hours")
def test_a_series_keeps_weekday_and_time_at_the_target_interval(booking: Booking) -> None:
    proposed = propose(booking)

    assert local_starts(booking, proposed) == [
        "Mon 7 Jan 10:00",
        "Mon 4 Feb 10:00",
        "Mon 4 Mar 10:00",
        "Mon 1 Apr 10:00",  # after the change to summer time
    ]
    assert {p.shift for p in proposed} == {""}
    assert proposed[3].slot.starts_at.hour == 8
    assert proposed[0].slot.starts_at.hour == 9


def test_only_what_is_still_to_be_booked_is_proposed(booking: Booking) -> None:
    booking.completed()
    booking.book(NINE + 30 * DAY)
    booking.move(booking.book(NINE + 70 * DAY), Status.CANCELLED)

    proposed = propose(booking, at=NINE + DAY)

    assert proposed[0].slot.starts_at == NINE + 58 * DAY  # 28 days after the last
    assert len(proposed) == 2


def test_a_plan_that_is_booked_out_has_no_proposal(booking: Booking) -> None:
    booking.plan.planned_sessions = 1
    booking.book()

    assert propose(booking) == []


def test_the_first_day_can_be_chosen(booking: Booking) -> None:
    day = (NINE + 10 * DAY).date()

    fresh = propose(booking, first_on=day)
    booking.book()
    following = propose(booking, first_on=(NINE + 33 * DAY).date())

    assert fresh[0].slot.starts_at.astimezone(booking.plan.clinic.zone).date() == day
    assert following[0].slot.starts_at == NINE + 5 * WEEKS  # the first Monday from that day


def test_a_patient_who_comes_back_late_gets_the_next_usual_time(booking: Booking) -> None:
    booking.book()

    proposed = propose(booking, at=NINE + 60 * DAY)  # the target interval ended after 42 days

    assert local_starts(booking, proposed)[0] == "Mon 11 Mar 10:00"
    assert proposed[0].shift == ""


def test_a_plan_on_hold_has_no_proposal(booking: Booking) -> None:
    booking.plan.status = PlanStatus.ON_HOLD

    with pytest.raises(rules.PlanNotActive):
        propose(booking)


@pytest.mark.usefixtures("office_hours")
def test_a_taken_time_moves_a_week_inside_the_target_window_and_says_why(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.practitioner = booking.practitioner
    another_booking.book(NINE + 4 * WEEKS)

    proposed = propose(booking, practitioner=booking.practitioner)

    assert local_starts(booking, proposed)[:2] == ["Mon 7 Jan 10:00", "Mon 11 Feb 10:00"]
    assert proposed[1].shift == f"{booking.practitioner} is booked on 4 Feb 2030 at 10:00"


@pytest.mark.usefixtures("office_hours")
def test_without_the_usual_time_the_nearest_in_the_window_is_taken(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.practitioner = booking.practitioner
    for week in (4, 5, 6):
        another_booking.plan = PlanFactory(patient__clinic=booking.plan.clinic)
        another_booking.book(NINE + week * WEEKS)

    proposed = propose(booking, practitioner=booking.practitioner)

    assert local_starts(booking, proposed)[1:3] == ["Mon 4 Feb 11:00", "Mon 11 Mar 10:00"]
    assert proposed[2].shift == "the skin recovers until 4 Mar 2030 at 11:00"


def test_a_closed_window_moves_to_the_first_time_after_it(booking: Booking) -> None:
    clinic = booking.plan.clinic
    clinic.opening_hours.all().delete()
    OpeningHoursFactory(
        clinic=clinic, weekday=Weekday.MONDAY, opens_at=time(10), closes_at=time(11)
    )
    for week in (4, 5, 6):
        SessionFactory(
            plan__patient__clinic=clinic,
            practitioner=booking.practitioner,
            starts_at=NINE + week * WEEKS,
        )

    proposed = propose(booking, practitioner=booking.practitioner)

    assert local_starts(booking, proposed)[1] == "Mon 25 Feb 10:00"
    assert proposed[1].shift.endswith("; nothing is free until 18 Feb 2030")


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        ("room", "no room is free on 4 Feb 2030 at 10:00"),
        ("device", "no device is free on 4 Feb 2030 at 10:00"),
        ("hours", "the clinic is closed on 4 Feb 2030 at 10:00"),
        ("patient", "the patient has another session on 4 Feb 2030 at 10:00"),
        ("everyone", "everyone who treats here is booked on 4 Feb 2030 at 10:00"),
    ],
)
def test_each_shift_has_its_reason(booking: Booking, taken: str, reason: str) -> None:
    booking.book()
    clinic = booking.plan.clinic
    common: dict[str, Any] = {"plan__patient__clinic": clinic}
    match taken:
        case "hours":
            clinic.opening_hours.filter(weekday=Weekday.MONDAY).delete()
        case "patient":
            common = {"plan__patient": booking.plan.patient}
        case "everyone":
            common |= {"practitioner": booking.practitioner}
        case _:
            common |= {taken: getattr(booking, taken)}
    if taken != "hours":
        SessionFactory(starts_at=NINE + 4 * WEEKS, **common)
        for row in (booking.room, booking.device, booking.practitioner):
            type(row).objects.exclude(pk=row.pk).update(is_active=False)

    assert propose(booking, at=NINE + DAY)[0].shift == reason


def test_a_weekday_outside_the_target_window_is_given_up(booking: Booking) -> None:
    ProtocolVersionFactory(
        protocol=booking.plan.protocol, version=2, target_min_days=30, target_max_days=31
    )
    booking.book()

    proposed = propose(booking, at=NINE + HOUR)

    assert proposed[0].slot.starts_at == NINE + 30 * DAY
    assert proposed[0].shift == "there is no Monday in the protocol's target interval"


def test_no_proposal_comes_too_soon_for_the_one_before(booking: Booking) -> None:
    """The nearest free time on the 28th day may be earlier in the day than the skin allows."""
    booking.book()
    for week in (4, 5, 6):
        SessionFactory(
            plan__patient__clinic=booking.plan.clinic,
            practitioner=booking.practitioner,
            starts_at=NINE + week * WEEKS,
        )

    starts = [
        NINE,
        *(p.slot.starts_at for p in propose(booking, practitioner=booking.practitioner)),
    ]

    zone, version = booking.plan.clinic.zone, booking.plan.protocol_version
    for before, after in pairwise(starts):
        assert after >= recovery_end(before, version, zone)
    assert starts[1] == NINE + 4 * WEEKS + HOUR


def test_a_clinic_that_never_opens_has_no_free_time(booking: Booking) -> None:
    booking.plan.clinic.opening_hours.all().delete()

    with pytest.raises(NoFreeTime, match="no free time within 182 days"):
        propose(booking)


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "America/New_York", "America/Santiago", "Europe/Berlin"]
)
def test_a_series_keeps_its_wall_time_over_every_change_of_the_clock(
    booking: Booking, zone: str
) -> None:
    clinic = booking.plan.clinic
    clinic.time_zone = zone
    clinic.save()
    booking.plan.planned_sessions = 13  # a year

    proposed = propose(booking)
    booked = services.book_series(
        plan_id=booking.plan.pk,
        slots=[p.slot.as_booking() for p in proposed],
        at=NOW,
        by=booking.practitioner,
    )

    times = {s.starts_at_local.time() for s in booked}
    assert len(booked) == 13
    assert len(times) == 1
    assert len({s.starts_at.time() for s in booked}) > 1  # and not because nothing changed
    assert {p.shift for p in proposed} == {""}


def test_each_further_session_of_a_proposal_takes_one_statement(booking: Booking) -> None:
    taken: list[int] = []
    for planned in (2, 4):
        booking.plan.planned_sessions = planned
        with CaptureQueriesContext(connection) as queries:
            assert len(propose(booking)) == planned
        taken.append(len(queries))

    assert taken[1] - taken[0] == 2
    assert taken[1] <= 12
