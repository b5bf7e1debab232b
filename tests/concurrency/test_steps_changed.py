"""A worker that plans many visits anew, while one of them is cancelled."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.models import Anchor, CareStep, Message, MessageStatus
from aftercare.planning import gradual
from aftercare.planning import reconcile as reconciling
from aftercare.planning.conditions import gather
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.models.session_query import TreatmentSessionQuerySet
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import DAY, NINE, CareStepFactory, ContactConsentFactory, TemplateFactory

NOW = NINE - 3 * DAY


@pytest.fixture
def session(booking: Booking) -> TreatmentSession:
    """Booked before there was the step that a worker is planning now."""
    ContactConsentFactory(patient=booking.plan.patient)
    session = booking.book(at=NOW)
    step: CareStep = CareStepFactory(anchor=Anchor.STARTS, offset=-DAY, useful_for=DAY)
    TemplateFactory(step=step)
    gradual.begin_replan(step=step, total=1, at=NOW, by=None)
    return session


@contextmanager
def between_look_and_write(seen: Event, ended: Event) -> Iterator[None]:
    """The worker waits where it has read the visit, until that has ended or has to wait for it."""

    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = gather(*args, **kwargs)
        seen.set()
        ended.wait(timeout=0.5)
        return found

    with patch.object(reconciling, "gather", look_and_wait):
        yield


def plan_and_cancel(booking: Booking, session: TreatmentSession) -> None:
    seen, ended = Event(), Event()

    def cancel() -> str:
        seen.wait(timeout=30)
        booking.move(session, Status.CANCELLED, at=NOW)
        ended.set()
        return "cancelled"

    def plan() -> str:
        return f"{gradual.go_on_with_replans(at=NOW)} left"

    with between_look_and_write(seen, ended):
        assert race(plan, cancel) == {"False left": 1, "cancelled": 1}


def waiting(session: TreatmentSession) -> int:
    return Message.objects.filter(
        session=session, step__anchor=Anchor.STARTS, status=MessageStatus.PENDING
    ).count()


def test_nothing_waits_for_a_visit_that_has_ended(
    booking: Booking, session: TreatmentSession
) -> None:
    plan_and_cancel(booking, session)

    assert waiting(session) == 0
    assert Message.objects.filter(session=session).exists()  # the worker was first, and planned it


def test_control_without_the_lock_a_reminder_waits(
    booking: Booking, session: TreatmentSession
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    with patch.object(TreatmentSessionQuerySet, "locked", TreatmentSessionQuerySet.all):
        plan_and_cancel(booking, session)

    assert waiting(session) == 1
