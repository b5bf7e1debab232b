"""“Sam is ill” and “running late”: two people press on the same list, and a patient moves their
visit by the link in that moment."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.models import Anchor, Message
from aftercare.services import delays, move_own_visit, offer_by_link, tell_late
from clinic.db.retries import retried_transaction
from clinic.models import Clinic, User
from sessions import services
from sessions.models import TreatmentSession
from sessions.models.session_query import TreatmentSessionQuerySet
from sessions.services.booking import reschedule
from sessions.services.booking.visits import book_visit
from sessions.services.ending import cover
from tests.concurrency.conftest import race, waiting_for_each_other, without_locks
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    VisitFactory,
)

NOW = NINE - DAY


def reachable(session: TreatmentSession) -> TreatmentSession:
    ContactConsentFactory(patient=session.patient, recorded_at=NINE - 90 * DAY)
    return session


def step(code: str, anchor: Anchor) -> None:
    CareStepFactory(code=code, anchor=anchor, channel_policy="EMAIL", kinds=["TREATMENT", "CHECK"])


@pytest.fixture
def late(clinic: Clinic, alice: User) -> Callable[[], int]:
    """Three visits wait; says how many one press had to tell."""
    step("late", Anchor.LATE)
    for hour in range(3):
        start = NINE + hour * HOUR
        reachable(
            VisitFactory(
                code="check",
                patient__clinic=clinic,
                practitioner=alice,
                starts_at=start,
                ends_at=start + HOUR,
            )
        )
    said: Any = {"practitioner": alice, "clinic": clinic, "minutes": 40, "at": NINE, "by": alice}
    return lambda: len(tell_late(**said))


def test_of_those_who_press_running_late_one_tells_everybody(late: Callable[[], int]) -> None:
    assert race(*[late] * 3) == {"3": 1, "0": 2}
    assert Message.objects.filter(step__anchor=Anchor.LATE).count() == 3


def test_without_the_lock_both_believe_that_they_have_told(late: Callable[[], int]) -> None:
    """The control arm."""
    look = waiting_for_each_other()(
        lambda **asked: who_waits(**{**asked, "locked": False}),
    )
    who_waits = delays.who_waits
    with patch.object(delays, "who_waits", look):
        assert race(late, late) == {"3": 2}


@pytest.fixture
def link(booking: Booking) -> Callable[[], int]:
    """A visit of somebody who is away; says for how many no link was sent."""
    step("away", Anchor.AWAY)
    session = reachable(booking.book(at=NOW))
    return lambda: len(offer_by_link(session_ids=[session.pk], at=NOW, by=booking.practitioner))


def test_of_those_who_press_one_sends_the_link(link: Callable[[], int]) -> None:
    assert race(*[link] * 3) == {"0": 1, "1": 2}
    assert Message.objects.filter(step__anchor=Anchor.AWAY).count() == 1


def test_without_the_lock_both_believe_that_they_have_sent_it(link: Callable[[], int]) -> None:
    """The control arm."""
    both_have_looked, send = threading.Barrier(2), delays._send

    def wait_and_send(*args: Any, **kwargs: Any) -> Any:
        both_have_looked.wait(timeout=30)
        return send(*args, **kwargs)

    with (
        patch.object(TreatmentSessionQuerySet, "select_for_update", lambda rows, **_: rows),
        patch.object(delays, "_send", wait_and_send),
    ):
        assert race(link, link) == {"0": 2}


class Both:
    """The desk moves a visit to the third day while its patient moves it to the second. It treats
    nothing: no rule on the skin stands in for a lock."""

    def __init__(self, booking: Booking) -> None:
        self.by = booking.practitioner
        self.session = VisitFactory(
            code="check", patient=booking.plan.patient, practitioner=self.by, starts_at=NINE
        )
        self.time_off = services.note_away(
            practitioner=self.by, starts_at=NINE, ends_at=NINE + HOUR, at=NOW, by=self.by
        )

    def desk(self) -> str:
        old = self.session
        to = services.Instead(NINE + 2 * DAY, self.by.pk, old.room_id, old.device_id)
        left = services.move_or_cancel(
            time_off=self.time_off, chosen={old.pk: to}, at=NOW, by=self.by
        )
        return "left" if left else "moved"

    def patient(self) -> str:
        starts_at = NINE + DAY
        moved = move_own_visit(session_id=self.session.pk, starts_at=starts_at, at=NOW)
        return "moved" if moved else "left"

    def race(self) -> Any:
        return race(self.desk, self.patient)

    @property
    def live(self) -> int:
        return TreatmentSession.objects.occupying().filter(patient=self.session.patient_id).count()


@pytest.mark.parametrize("attempt", range(2))
def test_of_desk_and_patient_one_moves_the_visit(booking: Booking, attempt: int) -> None:
    both = Both(booking)

    assert both.race() == {"moved": 1, "left": 1}
    assert both.live == 1


@pytest.mark.parametrize(
    ("has_key", "outcomes", "live"),
    [(True, {"moved": 1, "IntegrityError": 1}, 1), (False, {"moved": 2}, 2)],
    ids=["the key on what was moved is left", "without it"],
)
def test_without_the_locks_the_key_has_the_last_word(
    booking: Booking, has_key: bool, outcomes: dict[str, int], live: int
) -> None:
    """The control arm: without the key as well the patient has two visits."""
    both = Both(booking)
    look_and_wait = waiting_for_each_other()

    @retried_transaction
    def end_blindly(*, session_id: Any, **_: Any) -> Any:
        TreatmentSession.objects.filter(pk=session_id).update(status="CANCELLED")
        return SimpleNamespace(undo_until=None, moved_with=[])

    @retried_transaction
    def book(*, rescheduled_from: Any, **slot: Any) -> Any:
        return book_visit(**slot, rescheduled_from=rescheduled_from if has_key else None)

    with (
        without_locks(),
        patch.object(cover, "lock_sessions"),
        patch.object(reschedule, "lock_for_bookings"),
        patch.object(reschedule, "move_session", end_blindly),
        patch.object(reschedule, "book_visit", book),
        patch.object(
            TreatmentSession, "require_move", look_and_wait(TreatmentSession.require_move)
        ),
    ):
        assert both.race() == outcomes
    assert both.live == live
