"""A patient presses twice at once, for two times: one visit is booked."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.models import Message
from aftercare.services import book_asked_visit, next_visit
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import DAY, NINE
from tests.replies.test_book_page import LATE, letter

TIMES = (NINE + 80 * DAY, NINE + 81 * DAY)


@pytest.fixture
def asking(booking: Booking) -> Iterator[Message]:
    with patch("clinic.db.retries.PASSING", set()):
        yield letter(booking, LATE)


def press(message: Message, starts_at: datetime) -> Callable[[], Any]:
    return lambda: book_asked_visit(message_id=message.pk, starts_at=starts_at, at=NINE + 75 * DAY)


def test_two_presses_book_one_visit(asking: Message) -> None:
    assert race(*(press(asking, starts_at) for starts_at in TIMES)) == {"booked": 2}
    assert TreatmentSession.objects.filter(status=Status.BOOKED).count() == 1


def test_without_the_locks_both_would_book(asking: Message) -> None:
    both, real = threading.Barrier(2), next_visit.visit_after

    def look(message: Message) -> TreatmentSession | None:
        found = real(message)
        both.wait(timeout=30)
        return found

    with (
        patch.object(next_visit, "lock_for_bookings"),
        patch.object(next_visit, "visit_after", look),
    ):
        race(*(press(asking, starts_at) for starts_at in TIMES))

    assert TreatmentSession.objects.filter(status=Status.BOOKED).count() == 2
