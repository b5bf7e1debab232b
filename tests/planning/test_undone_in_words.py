"""Who takes the end of a session back need not work in the language of who has ended it."""

from datetime import timedelta

import pytest

from aftercare.models import Message, MessageStatus
from aftercare.planning.undone import stopped_because
from clinic.values.languages import override_language
from sessions import services
from sessions.lifecycle import Status
from tests.conftest import Booking
from tests.factories import DAY, NINE, ContactConsentFactory
from tests.support.marked_words import words_marked

pytestmark = pytest.mark.django_db
NOW = NINE - 10 * DAY


@pytest.mark.parametrize(("ended_in", "back_in"), [("es", "en"), ("en", "es")])
def test_what_a_cancellation_stopped_goes_on(
    ended_in: str, back_in: str, booking: Booking, catalogue: None
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    session = booking.book(at=NOW - DAY)
    waiting = Message.objects.filter(status=MessageStatus.PENDING).order_by("step__code", "channel")
    before = list(waiting.values_list("step__code", "channel", "due_at"))
    assert before

    with words_marked("es"):
        with override_language(ended_in):
            booking.move(session, Status.CANCELLED, at=NOW, undoable=True)
        assert not waiting.filter(session=session).exclude(step__code="cancelled").exists()
        with override_language(back_in):
            services.undo_end(
                session_id=session.pk, at=NOW + timedelta(seconds=29), by=booking.practitioner
            )

    assert list(waiting.values_list("step__code", "channel", "due_at")) == before


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW])
def test_the_reason_is_the_same_in_every_language(status: str) -> None:
    in_english = stopped_because(status)

    with words_marked("es"), override_language("es"):
        assert stopped_because(status) == in_english
