"""Every try is written down; what waits too long, kills workers or has no words, ends."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.channels import Channels, ProviderKind
from aftercare.dispatch import reaper, recheck
from aftercare.dispatch import run as dispatch
from aftercare.dispatch.outcome import MAX_ATTEMPTS, AttemptResult, record, record_attempt
from aftercare.models import Message, MessageStatus, Outcome
from aftercare.signals import message_ended
from aftercare.texts.render import template_for
from patients.models import Channel, Patient
from tests.dispatch.test_dispatch import ready, seen, send
from tests.factories import HOUR, NINE, ContactConsentFactory, MessageFactory, TemplateFactory
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def orphan(at: Any = NINE, **details: Any) -> Message:
    """A message whose worker died after it had said that it was about to call."""
    message = ready(**{"channel": Channel.SMS, **details})
    dispatch.claim(worker="dead", at=at, limit=1)
    assert dispatch.mark(message.pk, worker="dead", at=at)
    return message


def reap(at: Any) -> None:
    with Channels() as channels:
        dispatch.reap(at=at, channels=channels)


def outcomes(message: Message) -> list[tuple[int, str, str]]:
    rows = message.tries.order_by("number", "created_at", "id")
    return list(rows.values_list("number", "outcome", "provider"))


def test_a_try_keeps_who_when_how_long_and_the_providers_name_for_it(smtp: SmtpServer) -> None:
    smtp.delay = 0.02
    message = ready()

    send()

    (tried,) = message.tries.all()
    assert (tried.number, tried.outcome, tried.provider) == (1, "ACCEPTED", "smtp")
    assert tried.provider_id == f"<{message.key}@clinic.example>"
    assert tried.started_at == NINE
    assert 20 <= (tried.duration_ms or 0) < 2000
    assert len(tried.worker) == 32


def test_what_is_put_off_or_ended_unsent_has_no_try(smtp: SmtpServer) -> None:
    message = ready()
    Patient.objects.filter(pk=message.patient.pk).update(email="")  # as SQL would

    send()

    assert seen(message)[0] == "SUPPRESSED"
    assert outcomes(message) == []


def test_a_text_that_fails_runs_out_of_tries(smtp: SmtpServer) -> None:
    message = MessageFactory(expires_at=NINE + 100 * HOUR)
    ContactConsentFactory(patient=message.patient)

    with patch.object(dispatch.logger, "exception"):
        for _ in range(dispatch.MAX_ATTEMPTS):
            assert seen(message)[0] == "PENDING"
            send(at=message.due_at)

    assert seen(message)[0] == "FAILED"
    assert [row[:2] for row in outcomes(message)] == [
        (number, "REFUSED") for number in range(1, dispatch.MAX_ATTEMPTS + 1)
    ]


def test_a_rule_that_fails_uses_up_tries_and_spares_the_others(smtp: SmtpServer) -> None:
    odd, other = ready(due_at=NINE - HOUR), ready()

    def rule(message: Message, at: Any) -> None:
        if message.pk == odd.pk:
            raise KeyError("a fault of ours")

    with (
        patch.object(recheck, "RULES", [rule, *recheck.RULES]),
        patch.object(dispatch.logger, "exception"),
    ):
        send()

    assert seen(odd) == ("PENDING", "error: key error")
    assert odd.attempts == 1
    assert seen(other)[0] == "SENT"


def test_a_fault_of_ours_during_the_call_is_in_doubt(smtp: SmtpServer) -> None:
    message = ready()

    with (
        patch("aftercare.channels.email.SmtpChannel.send", side_effect=ValueError("what")),
        patch.object(dispatch.logger, "error"),
    ):
        send()

    assert seen(message) == ("IN_DOUBT", "error: value error")


def test_a_message_that_kills_every_worker_is_in_doubt_at_last(settings: Any) -> None:
    settings.SMS_HTTP_KIND = "dedupe"
    message, at = orphan(), NINE
    for number in range(2, dispatch.MAX_ATTEMPTS + 1):
        at += dispatch.LEASE
        reap(at)
        assert seen(message)[0] == "PENDING", number
        dispatch.claim(worker=f"dead {number}", at=at, limit=1)
        assert dispatch.mark(message.pk, worker=f"dead {number}", at=at)
    reap(at + dispatch.LEASE)

    assert seen(message)[0] == "IN_DOUBT"
    assert message.reason == "the worker died while sending, at the last of 6 tries"
    assert {row[1] for row in outcomes(message)} == {"DIED"}
    assert message.tries.count() == dispatch.MAX_ATTEMPTS


def test_a_provider_that_can_be_asked_has_it(gateway: HttpGateway, settings: Any) -> None:
    settings.SMS_HTTP_KIND = "lookup"
    gateway.looked_up = (200, '{"id": "sms-7"}')
    message = orphan()

    reap(NINE + dispatch.LEASE)

    assert seen(message)[0] == "SENT"
    assert (message.provider_id, message.sent_at) == ("sms-7", NINE)
    assert gateway.lookups == [f"/sms/{message.key}"]
    assert outcomes(message) == [(1, "DIED", "http"), (1, "ACCEPTED", "http")]


def test_a_provider_that_can_be_asked_does_not_have_it(gateway: HttpGateway, settings: Any) -> None:
    settings.SMS_HTTP_KIND = "lookup"
    message = orphan()

    reap(NINE + dispatch.LEASE)
    assert seen(message) == ("PENDING", "not accepted, says the provider")
    send(at=message.due_at)

    assert seen(message)[0] == "SENT"
    assert [row[:2] for row in outcomes(message)] == [
        (1, "DIED"),
        (1, "REFUSED"),
        (2, "ACCEPTED"),
    ]


@pytest.mark.parametrize(
    ("first", "kind", "status"),
    [
        (Outcome.UNKNOWN, ProviderKind.DEDUPE, "IN_DOUBT"),
        (Outcome.DIED, ProviderKind.DEDUPE, "IN_DOUBT"),
        (Outcome.REFUSED, ProviderKind.DEDUPE, "FAILED"),
        (Outcome.REFUSED, ProviderKind.NONE, "FAILED"),
    ],
)
def test_what_may_have_arrived_at_the_first_try_has_not_failed_at_the_last(
    first: Outcome, kind: ProviderKind, status: str
) -> None:
    message = ready()

    for number in range(1, MAX_ATTEMPTS + 1):
        message.attempts, message.status = number, MessageStatus.SENDING
        result = AttemptResult(
            outcome=first if number == 1 else Outcome.REFUSED,
            provider="http",
            kind=kind,
            worker="worker",
            number=number,
            at=NINE,
            detail="busy",
        )
        if result.outcome == Outcome.DIED:  # the reaper puts it back
            record_attempt(message, result)
            message.requeue(due_at=NINE, reason="busy")
        else:
            record(message, result)

    assert seen(message)[0] == status


def test_a_provider_that_never_has_it_runs_out(gateway: HttpGateway, settings: Any) -> None:
    settings.SMS_HTTP_KIND = "lookup"
    message = orphan(attempts=dispatch.MAX_ATTEMPTS - 1)

    reap(NINE + dispatch.LEASE)

    assert seen(message)[0] == "FAILED"


@pytest.mark.parametrize("answer", [(500, "oops"), (403, "no"), "cut"])
def test_a_provider_that_cannot_say_is_asked_again_but_not_for_ever(
    gateway: HttpGateway, settings: Any, answer: Any
) -> None:
    settings.SMS_HTTP_KIND = "lookup"
    gateway.looked_up = answer
    message, at = orphan(), NINE + dispatch.LEASE

    reap(at)
    assert seen(message)[0] == "SENDING"
    reap(at)
    assert len(gateway.lookups) == 1  # not before the next lease is over
    while seen(message)[0] == "SENDING":
        at += dispatch.LEASE
        reap(at)

    assert seen(message)[0] == "IN_DOUBT"
    assert at - NINE == reaper.ASK_FOR == 30 * MINUTE
    assert gateway.requests == []


def test_what_is_unknown_is_asked_for_when_the_provider_has_had_time(
    gateway: HttpGateway, settings: Any
) -> None:
    settings.SMS_HTTP_KIND = "lookup"
    gateway.answer = "cut"
    gateway.looked_up = (200, '{"id": "sms-8"}')
    message = ready(channel=Channel.SMS)

    send()
    assert seen(message)[0] == "SENDING"
    assert gateway.lookups == []
    send(at=NINE + dispatch.LEASE)

    assert seen(message)[0] == "SENT"
    assert len(gateway.requests) == 1
    assert outcomes(message) == [(1, "UNKNOWN", "http"), (1, "ACCEPTED", "http")]


def test_a_provider_has_a_whole_lease_to_find_out_what_it_did() -> None:
    """Asked sooner, it may say no to what it is still working on, and the patient has it twice."""
    message = ready(
        channel=Channel.SMS, status="SENDING", attempts=1, worker="w", lease_until=NINE + MINUTE
    )
    result = AttemptResult(
        outcome=Outcome.UNKNOWN,
        provider="http",
        kind=ProviderKind.LOOKUP,
        worker="w",
        number=1,
        at=NINE + MINUTE / 2,
    )

    record(message, result)

    message.refresh_from_db()
    assert (message.status, message.lease_until) == ("SENDING", result.at + dispatch.LEASE)


def test_what_the_provider_had_was_sent_when_the_worker_called(
    gateway: HttpGateway, settings: Any
) -> None:
    """Not when the reaper comes by: the limit of SMS counts the patient's days by it."""
    settings.SMS_HTTP_KIND = "lookup"
    gateway.looked_up = (200, '{"id": "sms-8"}')
    message = orphan()

    reap(NINE + HOUR)

    message.refresh_from_db()
    assert (message.status, message.sent_at) == ("SENT", NINE)


def test_one_orphan_that_cannot_be_looked_after_does_not_keep_the_others(settings: Any) -> None:
    settings.SMS_HTTP_KIND = "none"
    first, second = orphan(), orphan(NINE + MINUTE)

    def receiver(message: Message, **_: Any) -> None:
        if message.pk == first.pk:
            raise RuntimeError("a receiver at fault")

    message_ended.connect(receiver)
    try:
        with patch.object(reaper.logger, "exception"):
            reap(NINE + HOUR)
    finally:
        message_ended.disconnect(receiver)

    assert seen(first)[0] == "SENDING"
    assert seen(second)[0] == "IN_DOUBT"


def test_what_waits_for_longer_than_it_helps_ends_even_if_nobody_can_send(settings: Any) -> None:
    settings.EMAIL_PORT = 9
    tried = ready(expires_at=NINE + 2 * MINUTE)
    waiting = ready(due_at=NINE + 24 * HOUR, expires_at=NINE + MINUTE)
    later = ready(due_at=NINE + HOUR, expires_at=NINE + 2 * HOUR)
    heard = []

    def receiver(message: Message, status: str, **_: Any) -> None:
        heard.append((message.pk, status))

    send()
    message_ended.connect(receiver)
    try:
        reaper.expire(at=NINE + 2 * MINUTE)
    finally:
        message_ended.disconnect(receiver)

    assert seen(tried)[0] == "EXPIRED"
    assert "no connection" in tried.reason
    assert seen(waiting) == ("EXPIRED", "too late to be useful")
    assert seen(later)[0] == "PENDING"
    assert set(heard) == {(tried.pk, "EXPIRED"), (waiting.pk, "EXPIRED")}


def test_a_run_gives_back_what_it_did_not_get_to(smtp: SmtpServer) -> None:
    smtp.delay = 0.1
    messages = [ready(due_at=NINE + timedelta(seconds=n)) for n in range(4)]

    dispatch.send_due(clock=lambda: NINE + HOUR, max_seconds=0.3)

    statuses = [seen(message)[0] for message in messages]
    assert statuses[0] == "SENT"
    assert statuses[-1] == "PENDING"
    assert set(statuses) == {"SENT", "PENDING"}
    assert {m.attempts for m in messages if m.status == "PENDING"} == {0}


def test_a_name_from_outside_fits_its_column(gateway: HttpGateway) -> None:
    gateway.answer = (200, '{"id": "%s\\u0000"}' % ("x" * 300))
    message = ready(channel=Channel.SMS)

    send()

    assert seen(message)[0] == "SENT"
    assert len(message.provider_id) == 200


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        ("PENDING", True),
        ("SENT", True),
        ("IN_DOUBT", True),
        ("FAILED", False),
        ("CANCELLED", False),
    ],
)
def test_receipts_move_a_message_forward_only(status: str, moves: bool) -> None:
    details = {"sent_at": NINE} if status == "SENT" else {}
    receipt_first = MessageFactory(status=status, reason="why", **details)
    bounce_first = MessageFactory(status=status, reason="why", **details)

    assert receipt_first.record_delivery(at=NINE + HOUR) is moves
    assert bounce_first.record_bounce("no such mailbox", at=NINE + HOUR) is moves

    if moves:
        assert seen(receipt_first) == ("DELIVERED", "")
        assert receipt_first.delivered_at == NINE + HOUR
        assert seen(bounce_first) == ("FAILED", "no such mailbox")
        assert not receipt_first.record_bounce("late", at=NINE + HOUR)
        assert not receipt_first.record_delivery(at=NINE + 2 * HOUR)


def test_the_templates_of_a_run_are_read_once(
    smtp: SmtpServer, django_assert_num_queries: Any
) -> None:
    first = ready()
    for occurrence in range(2, 13):
        MessageFactory(session=first.session, step=first.step, occurrence=occurrence)

    with patch.object(dispatch, "template_for", wraps=template_for) as read:
        assert send() == 12

    assert read.call_count == 1
    assert TemplateFactory._meta.model.objects.count() == 1
