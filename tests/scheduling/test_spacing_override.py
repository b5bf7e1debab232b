"""A practitioner approves a sooner session; both sides of it stay guarded."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.scheduling.spacing import Recovery, TooSoon, earliest_start
from sessions.services.booking.checks.rules import OverrideNotAllowed
from tests.conftest import Booking
from tests.factories import DAY, NINE, SessionFactory

pytestmark = pytest.mark.django_db
REASON = "Healed completely, seen today"
SECOND = timedelta(seconds=1)
TEN_DAYS = NINE + 10 * DAY


def recovery(days: int) -> Recovery:
    """Of a session on that day after NINE, for 28 days."""
    starts_at = NINE + days * DAY
    return Recovery(uuid4(), starts_at, starts_at + 28 * DAY, 28, uuid4())


@pytest.mark.parametrize(
    ("starts_at", "clashes"),
    [
        (NINE - 28 * DAY, False),
        (NINE - 28 * DAY + SECOND, True),
        (NINE, True),
        (NINE + 28 * DAY - SECOND, True),
        (NINE + 28 * DAY, False),
    ],
)
def test_sessions_clash_until_the_skin_of_the_earlier_one_has_recovered(
    starts_at: datetime, clashes: bool
) -> None:
    assert recovery(0).clashes_with(starts_at, starts_at + 28 * DAY) is clashes


@pytest.mark.parametrize(
    ("days", "booked", "earliest"),
    [
        (0, [], 0),
        (28, [0], 28),
        (27, [0], 28),
        (27, [0, 56], 28),  # just fits between
        (27, [0, 55], 83),
        (0, [28], 0),
        (1, [28], 56),
    ],
)
def test_the_earliest_start_is_the_first_that_clashes_with_nothing(
    days: int, booked: list[int], earliest: int
) -> None:
    starts_at = NINE + days * DAY
    session = TreatmentSession(starts_at=starts_at, recovers_at=starts_at + 28 * DAY)

    found = earliest_start(session, [recovery(day) for day in booked])

    assert found == NINE + earliest * DAY


def sooner(booking: Booking) -> object:
    return booking.book(TEN_DAYS, spacing_override_reason=REASON)


def test_the_override_says_who_and_why_and_shortens_the_recovery_before_it(
    booking: Booking,
) -> None:
    first = booking.book()

    second = booking.book(TEN_DAYS, spacing_override_reason=REASON)

    first.refresh_from_db()
    assert (second.spacing_override_reason, second.spacing_override_by) == (
        REASON,
        booking.practitioner,
    )
    assert first.recovers_at == second.starts_at
    assert second.recovers_at == TEN_DAYS + 28 * DAY


def test_only_a_practitioner_may_override(booking: Booking, dana: User) -> None:
    booking.book()

    with pytest.raises(OverrideNotAllowed):
        booking.book(TEN_DAYS, spacing_override_reason=REASON, by=dana)


def test_the_next_session_is_guarded_against_the_sooner_one(booking: Booking) -> None:
    """Were overridden rows left out of the constraint, this one would slip in behind it."""
    booking.book()
    sooner(booking)

    for days in (5, 12, 37):
        with pytest.raises(TooSoon):
            booking.book(NINE + days * DAY)
        with pytest.raises(DatabaseError, match="session_area_recovered"), transaction.atomic():
            SessionFactory(plan=booking.plan, starts_at=NINE + days * DAY)
    assert booking.book(TEN_DAYS + 28 * DAY)


def test_a_sooner_session_may_be_put_before_another(booking: Booking) -> None:
    later = booking.book(TEN_DAYS)

    before = booking.book(spacing_override_reason=REASON)

    assert before.recovers_at == later.starts_at


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW])
def test_without_the_sooner_session_the_skin_recovers_as_long_as_before(
    booking: Booking, status: str
) -> None:
    first = booking.book()
    second = booking.book(TEN_DAYS, spacing_override_reason=REASON)

    booking.move(second, status)

    first.refresh_from_db()
    assert first.recovers_at == NINE + 28 * DAY


def test_of_two_sooner_sessions_the_one_that_stays_still_counts(booking: Booking) -> None:
    first = booking.book()
    second = booking.book(NINE + 5 * DAY, spacing_override_reason=REASON)
    third = booking.book(TEN_DAYS, spacing_override_reason=REASON)

    booking.move(second, Status.CANCELLED)

    first.refresh_from_db()
    assert first.recovers_at == third.starts_at


def test_an_override_that_is_not_needed_changes_nothing(booking: Booking) -> None:
    first = booking.book()

    second = booking.book(NINE + 28 * DAY, spacing_override_reason=REASON)

    first.refresh_from_db()
    assert first.recovers_at == second.starts_at == NINE + 28 * DAY


def test_sessions_a_recovery_apart_are_in_nobodys_way(booking: Booking) -> None:
    first, second = booking.book(), booking.book(NINE + 28 * DAY)

    assert not TreatmentSession.objects.clashing_with(first).exists()
    assert not TreatmentSession.objects.clashing_with(second).exists()
