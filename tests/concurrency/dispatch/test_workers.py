"""P4 under race: many workers, one outbox, and the proof that the race is real."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db import connection

from aftercare.channels import Channels
from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from patients.models import Channel
from sessions.lifecycle import Status
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.dispatch.test_dispatch import call
from tests.factories import (
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer

WORKERS = 6
MESSAGES = 400


def outbox(count: int) -> None:
    """Due messages by e-mail and SMS, all with text and consent."""
    step = CareStepFactory(channel_policy="BOTH", is_safety=True)  # no limit for its SMS
    session = SessionFactory(status=Status.COMPLETED)
    for channel in Channel.values:
        TemplateFactory(step=step, channel=channel)
        ContactConsentFactory(patient=session.patient, channel=channel)
    example = MessageFactory.build(session=session, step=step)
    Message.objects.bulk_create(
        Message(
            clinic=session.clinic,
            patient=session.patient,
            session=session,
            step=step,
            channel=Channel.values[number % 2],
            occurrence=1 + number // 2,
            due_at=example.due_at,
            expires_at=example.expires_at,
        )
        for number in range(count)
    )


def until(happens: Callable[[], bool], seconds: float = 20) -> None:
    """Wait in small steps; a test that waits in vain must fail, not hang."""
    ends = monotonic() + seconds
    while not happens():
        assert monotonic() < ends
        sleep(0.002)


def work() -> str:
    while dispatch.send_due(clock=lambda: NINE):
        pass
    return "done"


def received(smtp: SmtpServer, gateway: HttpGateway) -> "Counter[UUID]":
    mails = [re.search(r"^Message-ID: <(.+?)@", m, re.MULTILINE) for m in smtp.accepted]
    return Counter(
        [UUID(found[1]) for found in mails if found] + [UUID(s["key"]) for s in gateway.json()]
    )


def test_many_workers_send_every_message_once(smtp: SmtpServer, gateway: HttpGateway) -> None:
    outbox(MESSAGES)

    assert race(*[work] * WORKERS) == {"done": WORKERS}

    sent = received(smtp, gateway)
    assert set(sent.values()) == {1}
    assert set(sent) == set(Message.objects.values_list("pk", flat=True))
    assert Message.objects.filter(status=MessageStatus.SENT, attempts=1).count() == MESSAGES


def naive_work() -> str:
    """What an outbox without claims does: read what is due, send it, mark it."""
    with Channels() as channels:
        for message in Message.objects.due(NINE).select_related("patient__clinic", "clinic"):
            dispatch._send(message, at=NINE, channel=channels[message.channel])
    return "done"


def test_control_without_claims_messages_are_sent_twice(
    smtp: SmtpServer, gateway: HttpGateway
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    outbox(20)

    race(*[naive_work] * WORKERS)

    assert max(received(smtp, gateway).values()) > 1


def test_nothing_reaches_the_patient_after_a_cancellation_was_answered(
    smtp: SmtpServer, booking: Booking
) -> None:
    """The provider is called while the cancellation comes in: it waits, or nothing is sent."""
    step = CareStepFactory(anchor="BOOKED")
    TemplateFactory(step=step)
    ContactConsentFactory(patient=booking.plan.patient)
    session = booking.book()
    due_at = Message.objects.get().due_at
    calling, order = threading.Event(), []
    send = dispatch._send

    def slow_send(*arguments: Any, **named: Any) -> Any:
        calling.set()
        assert not cancelled.wait(0.5), "the cancellation was answered during the call"
        came_to = send(*arguments, **named)
        order.append("sent")
        return came_to

    cancelled = threading.Event()

    def cancel() -> str:
        calling.wait(10)
        booking.move(session, Status.CANCELLED)
        order.append("cancelled")
        cancelled.set()
        return "cancelled"

    with patch.object(dispatch, "_send", slow_send):
        race(cancel, lambda: str(dispatch.send_due(clock=lambda: due_at)))

    assert order == ["sent", "cancelled"]
    assert Message.objects.get().status == MessageStatus.SENT


@pytest.mark.parametrize("attempt", range(3))
def test_a_cancellation_races_a_hundred_sends(
    smtp: SmtpServer, booking: Booking, attempt: int
) -> None:
    """Whatever was sent was sent before the answer; the rest is cancelled."""
    step = CareStepFactory(anchor="BOOKED")
    TemplateFactory(step=step)
    ContactConsentFactory(patient=booking.plan.patient)
    session = booking.book()
    first = Message.objects.get()
    Message.objects.bulk_create(
        Message(
            clinic=first.clinic,
            patient=first.patient,
            session=session,
            step=step,
            channel=first.channel,
            occurrence=number,
            due_at=first.due_at,
            expires_at=first.expires_at,
        )
        for number in range(2, 101)
    )
    accepted_at_the_answer = []

    def cancel() -> str:
        until(lambda: len(smtp.accepted) >= 5)
        booking.move(session, Status.CANCELLED)
        accepted_at_the_answer.append(len(smtp.accepted))
        return "cancelled"

    def send() -> str:
        while dispatch.send_due(clock=lambda: first.due_at):
            pass
        return "done"

    race(cancel, send, send, send)

    sent = Message.objects.filter(status=MessageStatus.SENT).count()
    assert len(smtp.accepted) == sent == accepted_at_the_answer[0]
    assert Message.objects.filter(status=MessageStatus.CANCELLED).count() == 100 - sent


def test_a_slow_worker_is_not_taken_for_dead(smtp: SmtpServer) -> None:
    """Its lease is over, but it holds the row: the reaper leaves the message to it."""
    outbox(1)
    message = Message.objects.get()
    dispatch.claim(worker="slow", at=NINE, limit=1)
    dispatch.mark(message.pk, worker="slow", at=NINE)
    calling, reaped = threading.Event(), threading.Event()
    send = dispatch._send

    def slow_send(*arguments: Any, **named: Any) -> Any:
        calling.set()
        assert reaped.wait(10)
        return send(*arguments, **named)

    def reap() -> str:
        calling.wait(10)
        with Channels() as channels:
            dispatch.reap(at=NINE + 2 * dispatch.LEASE, channels=channels)
        reaped.set()
        return "reaped"

    def call_late() -> str:
        with Channels() as channels:
            call(message, worker="slow", at=NINE, channels=channels)
        return "called"

    with patch.object(dispatch, "_send", slow_send):
        race(reap, call_late)

    message.refresh_from_db()
    assert message.status == MessageStatus.SENT
    assert len(smtp.accepted) == 1
    connection.close()
