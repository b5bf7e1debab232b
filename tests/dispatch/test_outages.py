"""A provider that takes nothing: messages wait as they are, one is tried, and somebody is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError

from aftercare.channels import channel_for
from aftercare.dispatch import outages
from aftercare.dispatch import run as dispatch
from aftercare.models import Message, Outage
from patients.models import Channel, StaffTask
from tests.dispatch.test_dispatch import ready, seen, send
from tests.factories import HOUR, NINE
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
PAUSE = timedelta(seconds=30)
REFUSES_US = [
    ("MAIL", "530 5.7.0 Must issue a STARTTLS command first"),
    ("CONNECT", "554 5.7.1 Access denied"),
    ("RCPT", "554 5.7.1 Relay access denied"),
    ("MAIL", "550 5.4.5 Daily sending quota exceeded"),
    ("BODY", "451 4.3.0 queue file write error"),
    ("CONNECT", "cut"),
]


@pytest.mark.parametrize(("verb", "reply"), REFUSES_US)
def test_what_refuses_us_ends_no_message(smtp: SmtpServer, verb: str, reply: str) -> None:
    smtp.script = {verb: reply}
    messages = [ready() for _ in range(3)]

    send()

    assert smtp.connections == 1, "a run of equal refusals ends"
    for message in messages:
        assert seen(message)[0] == "PENDING"
        assert (message.due_at, message.attempts) == (NINE, 0)
    smtp.script = {}
    send(at=NINE + PAUSE)
    assert {seen(message)[0] for message in messages} == {"SENT"}


def test_half_an_hour_of_trouble_loses_nothing_and_is_told(smtp: SmtpServer) -> None:
    """Every half minute, as the worker is woken."""
    smtp.script = {"CONNECT": "454 4.7.0 TLS not available for <anna@x.example>"}
    messages, told = [ready() for _ in range(3)], None
    at = NINE
    while at < NINE + HOUR / 2:
        send(at=at)
        if told is None and (found := outages.reasons(at=at)):
            told = at - NINE
            assert found == [
                "nothing accepted by E-mail for 1 min, 3 refusals: "
                "no connection: 454 4.7.0 TLS not available for …"
            ]
        at += PAUSE

    assert told == MINUTE
    assert smtp.connections <= 10, "ever more seldom, up to every ten minutes"
    tasks = StaffTask.objects.filter(title="No E-mail goes out", audience="MANAGER")
    assert {task.clinic_id for task in tasks} == {message.clinic_id for message in messages}
    assert len(tasks) == len({message.clinic_id for message in messages})
    smtp.script = {}
    send(at=at + outages.LONGEST)
    assert {seen(message)[0] for message in messages} == {"SENT"}
    assert not tasks.open().exists()
    assert outages.reasons(at=at + outages.LONGEST + HOUR) == []


def test_one_channel_rests_and_the_other_goes_on(smtp: SmtpServer, gateway: HttpGateway) -> None:
    smtp.script = {"MAIL": "454 4.7.0 TLS not available"}
    email = [ready(due_at=NINE - HOUR) for _ in range(2)]
    sms = [ready(channel=Channel.SMS) for _ in range(2)]

    send()

    assert [seen(message)[0] for message in email] == ["PENDING"] * 2
    assert [seen(message)[0] for message in sms] == ["SENT"] * 2


def test_a_message_that_is_refused_for_itself_stops_nobody(smtp: SmtpServer) -> None:
    """Refused as if nothing could be sent, for its words say, while others are taken: the others
    go out, and it uses up tries of its own."""
    bad = ready(due_at=NINE - HOUR)
    others = [ready() for _ in range(2)]
    smtp.refused = {bad.address: "554 5.7.1 rejected"}

    send()
    assert [seen(message)[0] for message in [bad, *others]] == ["PENDING"] * 3
    send(at=NINE + PAUSE)

    assert [seen(message)[0] for message in others] == ["SENT"] * 2
    assert seen(bad) == ("PENDING", "554 5.7.1 rejected")
    assert (bad.attempts, bad.due_at) == (1, NINE + PAUSE + MINUTE)
    assert not Outage.objects.exclude(opened_at=None).exists()


def test_one_worker_tries_and_the_other_waits(smtp: SmtpServer) -> None:
    smtp.script = {"MAIL": "454 4.7.0 TLS not available"}
    ready()
    send()

    assert [outage.channel for outage in outages.take_probe(at=NINE + PAUSE)] == ["EMAIL"]
    assert outages.take_probe(at=NINE + PAUSE) == []
    assert outages.take_probe(at=NINE + PAUSE + outages.PROBE) != []


def test_a_recipient_of_their_own_ends_the_outage(smtp: SmtpServer) -> None:
    """Who refuses one address has listened to us."""
    smtp.script = {"MAIL": "454 4.7.0 TLS not available"}
    message = ready()
    send()

    smtp.script = {"RCPT": "550 5.1.1 no such user"}
    send(at=NINE + PAUSE)

    assert seen(message)[0] == "FAILED"
    assert Outage.objects.get().opened_at is None


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 503])
def test_a_gateway_that_refuses_us(gateway: HttpGateway, status: int) -> None:
    gateway.answer = (status, "no")
    first, second = ready(channel=Channel.SMS), ready(channel=Channel.SMS)

    send()

    assert [seen(message)[0] for message in (first, second)] == ["PENDING"] * 2
    assert len(gateway.requests) == 1
    assert Outage.objects.get().reply == f"{status} no"


def test_a_text_that_cannot_be_read_is_no_try() -> None:
    """The database is lost while the text is read: that is the database's, not the message's."""

    def lost(message: Message) -> Any:
        raise InterfaceError("the connection is closed")

    with pytest.raises(InterfaceError):
        dispatch._send(ready(), at=NINE, channel=channel_for(Channel.EMAIL), text_for=lost)


def test_the_watchdog_names_nobody() -> None:
    said = "554 <anna@x.example>: no relay for +49 151 23456789, see https://mail.example/?x@y"

    assert outages.mask(said) == "554 … no relay for …, see …"
