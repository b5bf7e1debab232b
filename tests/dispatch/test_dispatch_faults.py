"""Whatever a provider does: nothing is lost, and in doubt is only what nobody can know."""

from typing import Any

import pytest

from aftercare.dispatch.outages import SHORTEST
from aftercare.models import Message, MessageAttempt
from patients.models import Channel
from tests.dispatch.test_dispatch import ready, seen, send
from tests.factories import NINE
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("verb", "reply", "status", "outcome"),
    [
        ("CONNECT", "421 too busy", "PENDING", ""),
        ("CONNECT", "cut", "PENDING", ""),
        ("CONNECT", "silence", "PENDING", ""),  # a black hole: it takes TCP and is mute
        ("MAIL", "451 later", "PENDING", ""),
        ("RCPT", "550 no such user", "FAILED", "REFUSED"),
        ("RCPT", "cut", "PENDING", ""),
        ("DATA", "cut", "PENDING", ""),
        ("DATA", "421 closing", "PENDING", ""),
        ("BODY", "550 spam", "PENDING", ""),
        ("RCPT", "450 mailbox busy", "PENDING", "REFUSED"),
        ("BODY", "cut", "IN_DOUBT", "UNKNOWN"),
        ("BODY", "accept and cut", "IN_DOUBT", "UNKNOWN"),
        ("BODY", "silence", "IN_DOUBT", "UNKNOWN"),
    ],
)
def test_a_mail_server_at_fault(
    smtp: SmtpServer, verb: str, reply: str, status: str, outcome: str
) -> None:
    smtp.script = {verb: reply}
    message = ready()

    send()

    assert seen(message)[0] == status
    assert "".join(message.tries.values_list("outcome", flat=True)) == outcome
    heals(message, smtp)


def test_nobody_listens(settings: Any, smtp: SmtpServer) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    message = ready()

    send()

    assert seen(message) == ("PENDING", "no connection: connection refused error")
    settings.EMAIL_PORT = port
    heals(message, smtp)


@pytest.mark.parametrize("kind", ["none", "dedupe", "lookup"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((400, "bad number"), "never"),
        ((401, "who are you"), "again"),
        ((429, "slow down"), "again"),
        ((503, "later"), "again"),
        ((302, "elsewhere"), "again"),
        ((500, "oops"), "unknown"),
        ("cut", "unknown"),
        ("silence", "unknown"),
    ],
)
def test_a_gateway_at_fault(
    gateway: HttpGateway,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    answer: Any,
    outcome: str,
) -> None:
    monkeypatch.setattr("aftercare.channels.http.TIMEOUT", (1, 0.5))
    settings.SMS_HTTP_KIND = kind
    gateway.answer = answer
    message = ready(channel=Channel.SMS)

    send()

    unknown = {"none": "IN_DOUBT", "dedupe": "PENDING", "lookup": "SENDING"}[kind]
    expected = {"never": "FAILED", "again": "PENDING", "unknown": unknown}[outcome]
    assert seen(message)[0] == expected
    assert message.tries.count() == (outcome != "again"), "what refuses us is no try"


def heals(message: Message, smtp: SmtpServer) -> None:
    """The fault is over: what was certainly not sent goes out, once; nothing else moves."""
    smtp.script = {}
    before, accepted = seen(message)[0], len(smtp.accepted)

    send(at=message.due_at + SHORTEST if before == "PENDING" else NINE)

    if before == "PENDING":
        assert seen(message)[0] == "SENT"
        assert len(smtp.accepted) == accepted + 1
        outcomes = MessageAttempt.objects.order_by("number").values_list("outcome", flat=True)
        assert list(outcomes) in (["ACCEPTED"], ["REFUSED", "ACCEPTED"])
    else:
        assert seen(message)[0] == before
        assert len(smtp.accepted) == accepted
