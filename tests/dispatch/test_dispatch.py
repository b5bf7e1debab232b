"""Claim, mark, call, reap: each step, and the re-check at the last moment."""

from collections import deque
from datetime import time, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError

from aftercare.channels import Channels
from aftercare.dispatch import guard
from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from patients.models import Channel, Patient
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def ready(**details: Any) -> Message:
    """A due message with a text and the patient's consent."""
    message = MessageFactory(**details)
    TemplateFactory(step=message.step, channel=message.channel)
    ContactConsentFactory(patient=message.patient, channel=message.channel)
    return message


def send(at: Any = NINE) -> int:
    return dispatch.send_due(clock=lambda: at)


def call(message: Message, *, worker: str, at: Any, channels: Channels) -> None:
    """What a worker does with a message that it has marked."""
    run = dispatch.Run(clock=lambda: at, channels=channels, ends=float("inf"), worker=worker)
    run.call(message.pk, deque())


def seen(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.reason


def test_what_is_due_is_sent_and_recorded(smtp: SmtpServer, gateway: HttpGateway) -> None:
    mail = ready()
    sms = ready(channel=Channel.SMS)
    later = ready(due_at=NINE + MINUTE)

    assert send() == 2

    assert seen(mail) == ("SENT", "")
    assert (mail.sent_at, mail.attempts, mail.worker) == (NINE, 1, "")
    assert mail.provider_id == f"<{mail.key}@clinic.example>"
    assert mail.template is not None
    assert seen(sms) == ("SENT", "")
    assert (sms.provider_id, gateway.json()[0]["key"]) == ("sms-1", str(sms.key))
    assert seen(later)[0] == "PENDING"
    assert len(smtp.accepted) == 1
    assert send() == 0


def test_the_oldest_goes_first_and_a_run_is_bounded(smtp: SmtpServer) -> None:
    newer, older = ready(), ready(due_at=NINE - HOUR)

    assert dispatch.send_due(clock=lambda: NINE, max_messages=1) == 1

    assert (seen(older)[0], seen(newer)[0]) == ("SENT", "PENDING")


def refuse_archived(message: Message) -> None:
    Patient.objects.filter(pk=message.patient.pk).update(archived_at=NINE)  # as SQL would


def refuse_no_address(message: Message) -> None:
    Patient.objects.filter(pk=message.patient.pk).update(email="")


def refuse_consent_withdrawn(message: Message) -> None:
    ContactConsentFactory(patient=message.patient, granted=False)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (refuse_archived, "SUPPRESSED", "archived"),
        (refuse_no_address, "SUPPRESSED", "no address"),
        (refuse_consent_withdrawn, "SUPPRESSED", "not agreed"),
    ],
)
def test_what_no_longer_makes_sense_is_not_sent(
    smtp: SmtpServer, change: Any, status: str, reason: str
) -> None:
    message = ready()
    change(message)

    send()

    got = seen(message)
    assert got[0] == status
    assert reason in got[1]
    assert smtp.accepted == []


def test_a_reminder_of_a_session_that_was_cancelled_by_sql_is_not_sent(smtp: SmtpServer) -> None:
    step = CareStepFactory(anchor="STARTS", offset=-DAY)
    message = ready(session=SessionFactory(), step=step)
    type(message.session).objects.update(status="CANCELLED")

    send()

    assert seen(message) == ("CANCELLED", "the session is cancelled")
    assert smtp.accepted == []


def test_silence_is_no_consent_and_neither_is_another_channels(smtp: SmtpServer) -> None:
    message = MessageFactory()
    TemplateFactory(step=message.step)
    ContactConsentFactory(patient=message.patient, channel=Channel.SMS)
    ContactConsentFactory(patient=message.patient, purpose="RECALL")

    send()

    assert seen(message)[0] == "SUPPRESSED"


def test_what_comes_too_late_is_not_sent(smtp: SmtpServer) -> None:
    message = ready()

    send(at=message.expires_at)

    assert seen(message) == ("EXPIRED", "too late to be useful")
    assert smtp.accepted == []


def test_in_quiet_hours_a_message_waits_without_using_up_a_try(smtp: SmtpServer) -> None:
    message = ready(due_at=NINE + 12 * HOUR)  # 22:00 in Berlin
    message.clinic.quiet_from, message.clinic.quiet_until = time(21), time(8)
    message.clinic.save()

    send(at=message.due_at)

    assert seen(message) == ("PENDING", "quiet hours")
    assert (message.due_at, message.attempts) == (NINE + 22 * HOUR, 0)
    send(at=message.due_at)
    assert seen(message)[0] == "SENT"


def test_a_refusal_is_tried_again_later_and_runs_out(smtp: SmtpServer) -> None:
    smtp.script = {"RCPT": "450 later"}
    message = ready(expires_at=NINE + 7 * DAY)
    waits = []
    while (status := seen(message)[0]) == "PENDING":
        due = message.due_at
        send(at=due)
        message.refresh_from_db()
        waits.append(message.due_at - due)

    assert status == "FAILED"
    assert message.reason == "450 later"
    assert message.attempts == dispatch.MAX_ATTEMPTS
    assert waits[:-1] == dispatch.BACK_OFF == [n * MINUTE for n in (1, 5, 15, 60, 180)]


def test_a_permanent_refusal_fails_at_once(smtp: SmtpServer) -> None:
    smtp.script = {"RCPT": "550 no such user"}
    message = ready()

    send()

    assert seen(message) == ("FAILED", "550 no such user")


def test_what_may_have_arrived_is_in_doubt_and_not_sent_again(smtp: SmtpServer) -> None:
    smtp.script = {"BODY": "accept and cut"}
    message = ready()

    send()

    assert seen(message)[0] == "IN_DOUBT"
    smtp.script = {}
    send(at=NINE + HOUR)
    assert len(smtp.accepted) == 1


def test_a_provider_that_de_duplicates_is_asked_again_with_the_same_key(
    gateway: HttpGateway,
) -> None:
    message = ready(channel=Channel.SMS)
    gateway.answer = "cut"
    send()
    assert seen(message)[0] == "PENDING"

    gateway.answer = (200, '{"id": "1"}')
    send(at=message.due_at)

    assert seen(message)[0] == "SENT"
    assert {sms["key"] for sms in gateway.json()} == {str(message.key)}


def test_a_message_without_a_text_waits_for_one_and_the_others_go_out(smtp: SmtpServer) -> None:
    wordless, other = MessageFactory(due_at=NINE - HOUR), ready()
    ContactConsentFactory(patient=wordless.patient)

    with patch.object(dispatch.logger, "exception") as log:
        send()

    assert seen(wordless)[0] == "PENDING"
    assert "no text by E-mail" in wordless.reason
    assert wordless.due_at == NINE + dispatch.BACK_OFF[0]
    assert seen(other)[0] == "SENT"
    assert log.called
    TemplateFactory(step=wordless.step)
    send(at=wordless.due_at)
    assert seen(wordless)[0] == "SENT"


def test_a_claimed_message_whose_worker_died_goes_back_into_the_queue() -> None:
    message = ready()
    dispatch.claim(worker="dead", at=NINE, limit=10)

    with Channels() as channels:
        dispatch.reap(at=NINE + dispatch.LEASE - MINUTE / 2, channels=channels)
        assert seen(message)[0] == "CLAIMED"
        dispatch.reap(at=NINE + dispatch.LEASE, channels=channels)

    assert seen(message)[0] == "PENDING"


@pytest.mark.parametrize(
    ("channel", "dedupes", "attempts", "status"),
    [
        (Channel.EMAIL, True, 0, "IN_DOUBT"),
        (Channel.SMS, False, 0, "IN_DOUBT"),
        (Channel.SMS, True, 0, "PENDING"),
        (Channel.SMS, True, dispatch.MAX_ATTEMPTS - 1, "IN_DOUBT"),
    ],
)
def test_what_a_dead_worker_was_sending(
    settings: Any, channel: str, dedupes: bool, attempts: int, status: str
) -> None:
    settings.SMS_HTTP_KIND = "dedupe" if dedupes else "none"
    message = ready(channel=channel, attempts=attempts)
    dispatch.claim(worker="dead", at=NINE, limit=1)
    assert dispatch.mark(message.pk, worker="dead", at=NINE)

    with Channels() as channels:
        dispatch.reap(at=NINE + dispatch.LEASE, channels=channels)

    assert seen(message)[0] == status


def test_only_the_worker_that_claimed_a_message_in_time_may_mark_it() -> None:
    message = ready()
    dispatch.claim(worker="one", at=NINE, limit=1)

    assert not dispatch.mark(message.pk, worker="two", at=NINE)
    assert not dispatch.mark(message.pk, worker="one", at=NINE + dispatch.LEASE)
    assert dispatch.mark(message.pk, worker="one", at=NINE)
    assert not dispatch.mark(message.pk, worker="one", at=NINE)


def test_a_worker_that_wakes_up_after_its_lease_sends_nothing(smtp: SmtpServer) -> None:
    message = ready()
    dispatch.claim(worker="slow", at=NINE, limit=1)
    dispatch.mark(message.pk, worker="slow", at=NINE)
    with Channels() as channels:
        dispatch.reap(at=NINE + dispatch.LEASE, channels=channels)
        call(message, worker="slow", at=NINE + HOUR, channels=channels)

    assert seen(message)[0] == "IN_DOUBT"
    assert smtp.accepted == []


def test_what_was_accepted_while_the_database_went_away_is_recorded_later(
    smtp: SmtpServer,
) -> None:
    message = ready()
    dispatch.claim(worker="w", at=NINE, limit=1)
    dispatch.mark(message.pk, worker="w", at=NINE)
    with (
        Channels() as channels,
        patch.object(dispatch, "record", side_effect=OperationalError("gone")),
        patch.object(dispatch.logger, "error"),
        pytest.raises(OperationalError),
    ):
        call(message, worker="w", at=NINE, channels=channels)
    assert len(smtp.accepted) == 1
    with Channels() as channels:
        dispatch.reap(at=NINE + dispatch.LEASE, channels=channels)
    assert seen(message)[0] == "IN_DOUBT"

    send(at=NINE + HOUR)

    assert seen(message)[0] == "SENT"
    assert (message.sent_at, len(smtp.accepted)) == (NINE, 1)


def test_a_reminder_of_a_booked_session_goes_out_and_one_of_a_started_does_not(
    smtp: SmtpServer,
) -> None:
    step = CareStepFactory(anchor="STARTS", offset=-DAY)
    TemplateFactory(step=step)
    booked = MessageFactory(session=SessionFactory(), step=step)
    started = MessageFactory(session=SessionFactory(status="IN_PROGRESS"), step=step)
    for message in (booked, started):
        ContactConsentFactory(patient=message.patient)

    send()

    assert seen(booked)[0] == MessageStatus.SENT
    assert seen(started) == ("CANCELLED", "the session is in progress")


def test_one_batch_uses_one_mail_connection(smtp: SmtpServer) -> None:
    for _ in range(dispatch.BATCH + 2):
        ready()

    assert send() == dispatch.BATCH + 2
    assert smtp.connections == 1


def test_after_a_restore_what_was_due_until_then_or_under_way_is_in_doubt() -> None:
    due, later = ready(), ready(due_at=NINE + timedelta(seconds=1))
    held = ready(status="SENDING", worker="w", lease_until=NINE + MINUTE)

    with patch.object(guard, "BATCH", 1):  # one batch after the other
        assert guard.put_due_in_doubt(at=NINE) == 2

    assert [seen(message)[0] for message in (due, held, later)] == [
        "IN_DOUBT",
        "IN_DOUBT",
        "PENDING",
    ]
