"""When a session moves, the later ones of its plan may have to; and what is a late cancellation."""

from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from clinic.models import User
from clinic.values.wallclock import add_wallclock
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.services.booking.checks import clash
from sessions.services.booking.series.shifting import LaterSessionsTooSoon
from tests.booking.series.series import NOW
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
QUARTER = HOUR / 4


@kept
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
