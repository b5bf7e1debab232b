"""Series: proposed at the usual time, booked all or none, and moved without crowding the skin."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import User, Weekday
from clinic.values.wallclock import add_wallclock
from sessions import services
from sessions.lifecycle import PlanStatus, Status
from sessions.models import TreatmentSession
from sessions.scheduling.spacing import TooSoon, recovery_end
from sessions.services.booking import book as rules
from sessions.services.booking import clash
from sessions.services.booking.reschedule import LaterSessionsTooSoon, NoFreeTime
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
NOW = NINE - DAY
WEEKS = 7 * DAY
QUARTER = HOUR / 4


def propose(booking: Booking, **changes: Any) -> list[services.Proposed]:
    return services.propose_series(plan=booking.plan, **{"at": NOW, **changes})


def local_starts(booking: Booking, proposed: list[services.Proposed]) -> list[str]:
    zone = booking.plan.clinic.zone
    return [f"{p.slot.starts_at.astimezone(zone):%a %d %b %H:%M}" for p in proposed]


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
        "Mon 07 Jan 10:00",
        "Mon 04 Feb 10:00",
        "Mon 04 Mar 10:00",
        "Mon 01 Apr 10:00",  # after the change to summer time
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

    assert local_starts(booking, proposed)[:2] == ["Mon 07 Jan 10:00", "Mon 11 Feb 10:00"]
    assert proposed[1].shift == f"{booking.practitioner} is booked on 04 Feb 2030 at 10:00"


@pytest.mark.usefixtures("office_hours")
def test_without_the_usual_time_the_nearest_in_the_window_is_taken(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.practitioner = booking.practitioner
    for week in (4, 5, 6):
        another_booking.plan = PlanFactory(patient__clinic=booking.plan.clinic)
        another_booking.book(NINE + week * WEEKS)

    proposed = propose(booking, practitioner=booking.practitioner)

    assert local_starts(booking, proposed)[1:3] == ["Mon 04 Feb 11:00", "Mon 11 Mar 10:00"]
    assert proposed[2].shift == "the skin recovers until 04 Mar 2030 at 11:00"


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
        ("room", "no room is free on 04 Feb 2030 at 10:00"),
        ("device", "no device is free on 04 Feb 2030 at 10:00"),
        ("hours", "the clinic is closed on 04 Feb 2030 at 10:00"),
        ("patient", "the patient has another session on 04 Feb 2030 at 10:00"),
        ("everyone", "everyone who treats here is booked on 04 Feb 2030 at 10:00"),
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


def chosen(booking: Booking, *starts: datetime, **changes: Any) -> list[services.Chosen]:
    return [
        {
            "starts_at": start,
            "practitioner": booking.practitioner,
            "room": booking.room,
            "device": booking.device,
            **changes,  # type: ignore[typeddict-item]
        }
        for start in starts
    ]


def test_what_is_proposed_is_booked(booking: Booking) -> None:
    proposed = propose(booking)

    booked = services.book_series(
        plan_id=booking.plan.pk,
        slots=[p.slot.as_booking() for p in proposed],
        at=NOW,
        by=booking.practitioner,
    )

    assert [s.starts_at for s in booked] == [p.slot.starts_at for p in proposed]
    assert propose(booking) == []


def test_a_series_is_booked_whole_or_not_at_all(booking: Booking, another_booking: Booking) -> None:
    another_booking.room = booking.room
    another_booking.book(NINE + 28 * DAY)
    slots = chosen(booking, NINE, NINE + 28 * DAY)

    with pytest.raises(clash.RoomTaken) as refused:
        services.book_series(plan_id=booking.plan.pk, slots=slots, at=NOW, by=booking.practitioner)

    assert refused.value.field == "sessions/1/room"
    assert refused.value.extra["index"] == 1
    assert TreatmentSession.objects.filter(plan=booking.plan).count() == 0


def test_sessions_of_one_series_respect_each_other(booking: Booking) -> None:
    slots = chosen(booking, NINE, NINE + 20 * DAY)

    with pytest.raises(TooSoon) as refused:
        services.book_series(plan_id=booking.plan.pk, slots=slots, at=NOW, by=booking.practitioner)

    assert refused.value.field == "sessions/1/starts_at"


def test_a_series_over_http(as_dana: APIClient, booking: Booking) -> None:
    url = f"/api/v1/plans/{booking.plan.pk}/"

    proposal = as_dana.get(f"{url}proposal/?from=2030-01-07")
    body = {
        "sessions": [
            {name: slot[name] for name in ("starts_at", "practitioner", "room", "device")}
            for slot in proposal.json()
        ]
    }
    booked = as_dana.post(f"{url}book-series/", body)
    again = as_dana.post(f"{url}book-series/", body)

    assert proposal.status_code == 200
    assert len(proposal.json()) == 4
    assert set(proposal.json()[0]) == {
        *("starts_at", "ends_at", "practitioner", "room", "device", "shift"),
    }
    assert booked.status_code == 201
    assert [s["status"] for s in booked.json()] == ["BOOKED"] * 4
    assert (again.status_code, again.json()["code"]) == (409, "too_soon")
    assert again.json()["errors"][0]["pointer"] == "/sessions/0/starts_at"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/sessions"),
        ({"sessions": []}, "/sessions"),
        ({"sessions": [{}]}, "/sessions/0/starts_at"),
        ({"sessions": "x"}, "/sessions"),
    ],
)
def test_a_bad_series_is_named(
    as_dana: APIClient, booking: Booking, body: dict[str, Any], pointer: str
) -> None:
    answer = as_dana.post(f"/api/v1/plans/{booking.plan.pk}/book-series/", body)

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("query", "pointer"), [("from=x", "/from"), ("practitioner=x", "/practitioner"), ("x=1", "/x")]
)
def test_a_wrong_question_for_a_proposal_is_named(
    as_dana: APIClient, booking: Booking, query: str, pointer: str
) -> None:
    answer = as_dana.get(f"/api/v1/plans/{booking.plan.pk}/proposal/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


# Moving one session of a series


@pytest.fixture
def three(booking: Booking) -> list[TreatmentSession]:
    """Three sessions of one plan, 28 days apart and at the same time of day."""
    local = NINE.astimezone(booking.plan.clinic.zone)
    starts = [local + n * 28 * DAY for n in range(3)]
    return [booking.book(start, at=NOW) for start in starts]


def reschedule(
    session: TreatmentSession, to: datetime, by: User, *, shift_later: bool = False
) -> TreatmentSession:
    return services.reschedule_session(
        session_id=session.pk, starts_at=to, at=NOW, by=by, shift_later=shift_later
    )


def plan_now(booking: Booking) -> list[datetime]:
    sessions = TreatmentSession.objects.occupying().filter(plan=booking.plan)
    return list(sessions.order_by("starts_at").values_list("starts_at", flat=True))


def test_moving_a_session_names_the_later_ones_that_would_come_too_soon(
    booking: Booking, three: list[TreatmentSession], dana: User
) -> None:
    before = plan_now(booking)

    with pytest.raises(LaterSessionsTooSoon) as refused:
        reschedule(three[0], NINE + 2 * DAY, dana)

    assert refused.value.extra["later_sessions"] == [
        {
            "session": str(three[1].pk),
            "starts_at": "2030-02-04T09:00:00Z",
            "proposed_at": "2030-02-06T09:00:00Z",
        },
        {
            "session": str(three[2].pk),
            "starts_at": "2030-03-04T09:00:00Z",
            "proposed_at": "2030-03-06T09:00:00Z",
        },
    ]
    assert plan_now(booking) == before
    assert TreatmentSession.objects.count() == 3


def test_the_later_sessions_are_shifted_when_asked(
    booking: Booking, three: list[TreatmentSession], dana: User
) -> None:
    new = reschedule(three[0], NINE + 2 * DAY, dana, shift_later=True)

    assert plan_now(booking) == [NINE + n * 28 * DAY + 2 * DAY for n in range(3)]
    assert new.rescheduled_from == three[0]
    for old in three:
        old.refresh_from_db()
        assert old.status == Status.CANCELLED
        assert old.rescheduled_to.plan == booking.plan


def test_only_those_are_shifted_that_have_to_be(booking: Booking, dana: User) -> None:
    first, second, far = (booking.book(NINE + n * DAY, at=NOW) for n in (0, 28, 80))

    reschedule(first, NINE + 10 * DAY, dana, shift_later=True)

    assert plan_now(booking) == [NINE + 10 * DAY, NINE + 38 * DAY, far.starts_at]
    second.refresh_from_db()
    assert second.status == Status.CANCELLED


@pytest.mark.parametrize(
    ("to", "too_soon"),
    [
        (2 * DAY, False),  # the next one is 28 days later
        (2 * DAY + QUARTER, True),
        (58 * DAY - QUARTER, True),
        (58 * DAY, False),  # 28 days after the next one
    ],
)
def test_a_session_moves_freely_as_long_as_the_skin_of_both_recovers(
    booking: Booking, dana: User, to: timedelta, too_soon: bool
) -> None:
    first, later = booking.book(at=NOW), booking.book(NINE + 30 * DAY, at=NOW)

    if too_soon:
        with pytest.raises(LaterSessionsTooSoon):
            reschedule(first, NINE + to, dana)
    else:
        reschedule(first, NINE + to, dana)

    later.refresh_from_db()
    assert later.status == Status.BOOKED
    assert len(plan_now(booking)) == 2


@pytest.mark.parametrize(
    ("days", "to", "after"),
    [
        ((0, 28, 58), 2, (2, 30, 58)),  # the third is just far enough from the second
        ((0, 28, 60), 56, (28, 56, 84)),  # the second has just recovered
    ],
)
def test_what_is_just_far_enough_stays(
    booking: Booking,
    dana: User,
    days: tuple[int, ...],
    to: int,
    after: tuple[int, ...],
) -> None:
    zone = booking.plan.clinic.zone
    first, *later = (booking.book(NINE + n * DAY, at=NOW) for n in days)

    reschedule(first, NINE + to * DAY, dana, shift_later=True)

    assert plan_now(booking) == [add_wallclock(NINE, n * DAY, zone) for n in after]
    for day, session in zip(days[1:], later, strict=True):
        session.refresh_from_db()
        assert (session.status == Status.BOOKED) is (day in after)


def test_a_shift_goes_on_to_the_first_free_day_at_the_same_time(
    booking: Booking, another_booking: Booking, three: list[TreatmentSession], dana: User
) -> None:
    another_booking.practitioner = booking.practitioner
    another_booking.book(NINE + 30 * DAY)

    reschedule(three[0], NINE + 2 * DAY, dana, shift_later=True)

    assert plan_now(booking) == [NINE + n * DAY for n in (2, 31, 59)]


def test_a_session_may_move_past_the_next_one(
    booking: Booking, three: list[TreatmentSession], dana: User
) -> None:
    reschedule(three[0], NINE + 30 * DAY, dana, shift_later=True)

    zone = booking.plan.clinic.zone
    assert plan_now(booking) == [add_wallclock(NINE, n * DAY, zone) for n in (30, 58, 86)]


def test_when_the_shift_fails_nothing_has_moved(
    booking: Booking, another_booking: Booking, three: list[TreatmentSession], dana: User
) -> None:
    another_booking.room = booking.room
    another_booking.book(NINE + 2 * DAY)
    before = plan_now(booking)

    with pytest.raises(clash.RoomTaken):
        reschedule(three[0], NINE + 2 * DAY, dana, shift_later=True)

    assert plan_now(booking) == before
    assert TreatmentSession.objects.filter(plan=booking.plan).count() == 3


def test_shifting_over_http(
    as_dana: APIClient, booking: Booking, three: list[TreatmentSession]
) -> None:
    url = f"/api/v1/sessions/{three[0].pk}/reschedule/"
    to = {"starts_at": (NINE + 2 * DAY).isoformat()}

    refused = as_dana.post(url, to)
    moved = as_dana.post(url, {**to, "shift_later": True})

    assert (refused.status_code, refused.json()["code"]) == (409, "later_sessions_too_soon")
    assert len(refused.json()["later_sessions"]) == 2
    assert moved.status_code == 201
    assert moved.json()["rescheduled_from"] == str(three[0].pk)
    assert plan_now(booking)[1] == NINE + 30 * DAY


# Late cancels


@pytest.mark.parametrize(
    ("before", "late"), [(25 * HOUR, False), (24 * HOUR, False), (timedelta(hours=23), True)]
)
def test_a_cancel_within_a_day_of_the_start_is_late(
    booking: Booking, before: timedelta, late: bool
) -> None:
    session = booking.book()

    cancelled = booking.move(session, Status.CANCELLED, at=session.starts_at - before)

    assert cancelled.is_late_cancel is late


def test_the_clinic_says_what_is_late_and_the_api_shows_it(
    as_dana: APIClient, booking: Booking
) -> None:
    clinic = booking.plan.clinic
    clinic.late_cancel_hours = 72
    clinic.save()
    session = booking.book()

    booking.move(session, Status.CANCELLED, at=session.starts_at - 2 * DAY)

    assert as_dana.get(f"/api/v1/sessions/{session.pk}/").json()["is_late_cancel"] is True
