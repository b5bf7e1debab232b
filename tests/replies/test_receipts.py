"""What providers report of our messages."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.models import DeliveryReceipt, Message, MessageAttempt, MessageStatus
from aftercare.replies import opt_out
from patients.models import StaffTask, TaskKind, TaskStatus
from tests.replies.provider import NUMBER, gateway, report, sent_message, state, twilio
from tests.support.statements import read_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("secrets")]


def test_a_delivery_is_written_down_once() -> None:
    message = sent_message()
    event = report(message, "delivered", at="2020-01-01T10:00:00Z")

    assert [gateway(event).status_code for _ in range(3)] == [200, 200, 200]

    assert state(message) == MessageStatus.DELIVERED
    receipt = DeliveryReceipt.objects.get()
    assert receipt.occurred_at.year == 2020
    assert receipt.message == message


def test_reordered_reports_never_move_a_message_back() -> None:
    message = sent_message()

    for status in ("delivered", "sent", "failed", "unknown_number", "sent"):
        gateway(report(message, status))
        assert state(message) == MessageStatus.DELIVERED
    assert DeliveryReceipt.objects.count() == 5


def test_a_failed_message_stays_failed() -> None:
    message = sent_message()

    for status in ("failed", "delivered", "sent"):
        gateway(report(message, status))
        assert state(message) == MessageStatus.FAILED


@pytest.mark.parametrize(
    ("status", "expected"),
    [("sent", "SENT"), ("delivered", "DELIVERED"), ("failed", "FAILED")],
)
def test_a_receipt_resolves_what_was_in_doubt(status: str, expected: str) -> None:
    message = sent_message(MessageStatus.SENDING, lease_until=timezone.now(), worker="w", reason="")
    message.end(MessageStatus.IN_DOUBT, "the worker died", at=timezone.now())
    doubt = StaffTask.objects.get()
    assert doubt.kind == TaskKind.MESSAGE_IN_DOUBT

    gateway(report(message, status))

    assert state(message) == expected
    doubt.refresh_from_db()
    assert doubt.status == TaskStatus.DONE
    open_kinds = list(StaffTask.objects.open().values_list("kind", flat=True))
    assert open_kinds == (["MESSAGE_FAILED"] if expected == "FAILED" else [])


@pytest.mark.parametrize("status", ["sent", "delivered"])
def test_a_receipt_takes_a_message_off_its_next_try(status: str) -> None:
    """The try before was accepted after all: it must not be sent again."""
    message = sent_message(MessageStatus.PENDING)

    gateway(report(message, status))

    assert state(message) == status.upper()


@pytest.mark.parametrize("ended", ["CANCELLED", "SUPPRESSED", "EXPIRED"])
@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
def test_a_receipt_does_not_wake_what_has_ended(ended: str, status: str) -> None:
    message = sent_message(ended)

    assert gateway(report(message, status)).status_code == 200
    assert state(message) == ended


def test_what_was_never_tried_cannot_have_arrived() -> None:
    message = sent_message(MessageStatus.PENDING, attempts=0)

    gateway(report(message, "delivered"))

    assert state(message) == MessageStatus.PENDING


def test_an_unknown_message_is_accepted_and_ignored(caplog: Any) -> None:
    caplog.set_level("INFO", logger="aftercare.replies.receipts")
    answers = [
        gateway(report(Message(pk=uuid4()), "delivered")),
        gateway({"type": "status", "id": "1", "status": "sent", "message_id": "nobody's"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert not DeliveryReceipt.objects.exists()
    assert "unknown message" in caplog.text


def test_an_unknown_number_is_not_written_to_again_and_the_desk_is_told() -> None:
    message = sent_message()

    gateway(report(message, "unknown_number", detail="error 30005"))

    assert state(message) == MessageStatus.FAILED
    refusal = opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")
    assert refusal is not None
    assert (refusal.source, refusal.message) == ("HARD_BOUNCE", message)
    task = StaffTask.objects.get()
    assert (task.kind, task.patient) == (TaskKind.BAD_ADDRESS, message.patient)
    assert NUMBER in task.detail


def test_a_late_bounce_blocks_the_address_it_went_to_not_the_corrected_one() -> None:
    message = sent_message()
    message.patient.mobile = "+4915199999999"
    message.patient.save()

    gateway(report(message, "unknown_number", to=NUMBER))

    assert opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")
    assert not opt_out.refusal(channel="SMS", address="+4915199999999", purpose="CARE")


def test_twilio_reports_by_our_key_or_by_its_sid() -> None:
    by_key, by_sid = sent_message(MessageStatus.IN_DOUBT), sent_message()
    MessageAttempt.objects.create(
        message=by_sid,
        number=1,
        provider="twilio",
        worker="w",
        started_at=timezone.now(),
        outcome="ACCEPTED",
        provider_id="SM2",
    )
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}

    assert twilio(f"status/?key={by_key.key}", form).status_code == 204
    with CaptureQueriesContext(connection) as asked:
        assert twilio("status/", {**form, "MessageSid": "SM2"}).status_code == 204
    assert [*read_all(asked)] == []
    twilio("status/", {**form, "MessageSid": "SM2", "MessageStatus": "sent"})
    twilio("status/", {**form, "MessageSid": "SM2", "MessageStatus": "canceled"})

    assert state(by_key) == state(by_sid) == MessageStatus.DELIVERED


def test_twilios_error_codes_tell_a_dead_number_from_bad_luck() -> None:
    dead, unlucky = sent_message(), sent_message()
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}

    twilio(f"status/?key={unlucky.key}", form)
    assert state(unlucky) == MessageStatus.FAILED
    assert not opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")

    twilio(f"status/?key={dead.key}", {**form, "MessageSid": "SM2", "ErrorCode": "30005"})
    assert opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")
