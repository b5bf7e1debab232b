"""Completing and cancelling one session at the same moment."""

import pytest

from aftercare.models import Anchor, Message, MessageStatus
from sessions.lifecycle import Status
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import CareStepFactory


@pytest.mark.parametrize("attempt", range(5))
def test_exactly_one_wins_and_aftercare_exists_iff_completed(
    booking: Booking, attempt: int
) -> None:
    CareStepFactory(anchor=Anchor.COMPLETED)
    session = booking.book()
    booking.ready()
    booking.move(session, Status.CHECKED_IN)

    def complete() -> str:
        booking.move(session, Status.IN_PROGRESS)
        booking.chart(session)
        return booking.move(session, Status.COMPLETED).status

    outcomes = race(complete, lambda: booking.move(session, Status.CANCELLED).status)

    session.refresh_from_db()
    assert outcomes == {session.status: 1, "IllegalMove": 1}
    planned = Message.objects.filter(status=MessageStatus.PENDING).count()
    assert planned == (1 if session.status == Status.COMPLETED else 0)


@pytest.mark.parametrize("attempt", range(5))
def test_of_eight_who_end_a_session_one_does(booking: Booking, attempt: int) -> None:
    CareStepFactory(anchor=Anchor.BOOKED)
    session = booking.book()

    outcomes = race(
        *[lambda: booking.move(session, Status.NO_SHOW).status] * 4,
        *[lambda: booking.move(session, Status.CANCELLED).status] * 4,
    )

    session.refresh_from_db()
    assert outcomes == {session.status: 1, "IllegalMove": 7}
    assert session.events.count() == 2  # booked, ended
    assert Message.objects.get().status == MessageStatus.CANCELLED
