"""Before a visit nobody is told twice, asked what is known, or left out for want of an e-mail."""

from datetime import timedelta

import pytest

from aftercare.models import CareStep, Message, MessageTemplate
from aftercare.planning.plan import replan
from aftercare.texts.render import render
from sessions.lifecycle import Status
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, ContactConsentFactory, MessageFactory

pytestmark = pytest.mark.django_db


def outbox() -> dict[str, str]:
    return dict(Message.objects.values_list("step__code", "channel"))


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (36 * HOUR, {"booked", "before-48h", "before-2h"}),
        (36 * HOUR - timedelta(seconds=1), {"booked"}),
        (3 * HOUR, {"booked"}),
    ],
)
def test_who_is_booked_for_tomorrow_gets_one_message_and_not_three(
    catalogue: None, booking: Booking, ahead: timedelta, expected: set[str]
) -> None:
    booking.book(at=NINE - ahead)

    assert set(outbox()) == expected
    replan(CareStep.objects.get(code="before-2h"), at=NINE - 2 * HOUR - timedelta(seconds=1))
    assert set(outbox()) == expected, "and a change of the sequence adds none"


def test_who_has_only_sms_hears_of_the_booking_and_how_to_get_ready(
    catalogue: None, booking: Booking
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="SMS")

    booking.book(at=NINE - 10 * DAY)

    assert (outbox()["booked"], outbox()["before-7d"]) == ("SMS", "SMS")


@pytest.mark.parametrize(
    ("is_confirmed", "says"), [(False, "Please confirm"), (True, "Your appointment")]
)
def test_who_has_confirmed_is_not_asked_to_confirm(
    catalogue: None, booking: Booking, is_confirmed: bool, says: str
) -> None:
    session = booking.book()
    if is_confirmed:
        booking.move(session, Status.CONFIRMED)
    session.refresh_from_db()
    told = MessageTemplate.objects.filter(step__code="before-48h", language="en")
    for template in told.select_related("step"):
        MessageFactory(session=session, step=template.step, channel=template.channel, occurrence=2)
        message = Message.objects.get(step=template.step, channel=template.channel, occurrence=2)
        outgoing = render(message, template)
        assert says in outgoing.text
        assert template.channel == "SMS" or outgoing.subject.startswith(says)
        assert says == "Please confirm" or "onfirm" not in outgoing.subject + outgoing.text
