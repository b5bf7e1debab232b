"""How a message is handed to a mail server: what goes together, and what is only announced."""

from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from aftercare.channels import Refused, Unknown
from aftercare.channels.email import SmtpChannel
from tests.concurrency.test_dispatch_workers import until
from tests.dispatch.test_channels import MAIL
from tests.support.doubles import SmtpServer

OTHER = replace(MAIL, to="ada@patients.example")
NAMED = ["MAIL", "RCPT"]


@pytest.fixture
def channel() -> Any:
    channel = SmtpChannel()
    yield channel
    channel.close()


def test_sender_recipient_and_data_go_together_to_a_server_that_takes_them(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    """This one answers none before it has all three."""
    sent: list[bytes] = []
    answer = smtp._answer

    def hold_back(out: Any, reply: str) -> bool:
        if smtp.verbs[-1:] in (["MAIL"], ["RCPT"]):
            sent.append(reply.encode())
            return True
        while sent:
            out.write(sent.pop(0) + b"\r\n")
        return answer(out, reply)

    smtp._answer = hold_back  # type: ignore[method-assign]

    channel.send(MAIL)

    assert smtp.recipients == [MAIL.to]
    smtp.pipelining = False
    with pytest.raises(Refused, match="lost"):  # the control: one by one, it gets no answer
        SmtpChannel().send(MAIL)


def test_a_message_that_was_announced_needs_only_its_body(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    channel.send(MAIL)
    channel.announce(OTHER.to)
    channel.send(OTHER)
    channel.send(MAIL)

    assert smtp.recipients == [MAIL.to, OTHER.to, MAIL.to]
    assert smtp.verbs == ["EHLO", *[*NAMED, "DATA"] * 3]


def test_only_one_message_is_announced_at_a_time(smtp: SmtpServer, channel: SmtpChannel) -> None:
    """Or the server would take a second recipient for the first one's message."""
    channel.send(MAIL)
    channel.announce(OTHER.to)
    channel.announce("joan@patients.example")

    channel.send(replace(MAIL, to="joan@patients.example"))

    assert smtp.recipients == [MAIL.to, "joan@patients.example"]
    assert smtp.verbs == ["EHLO", *NAMED, "DATA", *NAMED, "RSET", *NAMED, "DATA"]


@pytest.mark.parametrize("to", ["", "two\nlines@patients.example"])
def test_an_address_that_is_none_is_not_announced(
    smtp: SmtpServer, channel: SmtpChannel, to: str
) -> None:
    channel.send(MAIL)
    channel.announce(to)
    channel.send(OTHER)

    assert smtp.recipients == [MAIL.to, OTHER.to]
    assert smtp.verbs == ["EHLO", *[*NAMED, "DATA"] * 2]


def test_an_announcement_that_cannot_be_taken_back_costs_the_connection(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    channel.send(MAIL)
    channel.announce(OTHER.to)
    smtp.script = {"RSET": "500 what"}

    channel.send(replace(MAIL, to="joan@patients.example"))

    assert smtp.recipients == [MAIL.to, "joan@patients.example"]
    assert smtp.connections == 2


@pytest.mark.parametrize("script", [{}, {"RCPT": "550 no such user"}, {"MAIL": "451 later"}])
def test_what_was_announced_and_is_not_sent_leaves_no_trace(
    smtp: SmtpServer, channel: SmtpChannel, script: dict[str, str]
) -> None:
    channel.send(MAIL)
    smtp.script = script
    channel.announce(OTHER.to)
    until(lambda: smtp.verbs == ["EHLO", *NAMED, "DATA", *NAMED])
    smtp.script = {}

    channel.send(replace(MAIL, to="joan@patients.example"))

    assert smtp.recipients == [MAIL.to, "joan@patients.example"]
    assert smtp.verbs == ["EHLO", *NAMED, "DATA", *NAMED, "RSET", *NAMED, "DATA"]


def test_a_recipient_who_is_refused_when_announced_is_refused_when_sent(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    channel.send(MAIL)
    smtp.script = {"RCPT": "550 no such user"}
    channel.announce(OTHER.to)
    with pytest.raises(Refused, match="550 no such user") as refused:
        channel.send(OTHER)
    smtp.script = {}

    channel.send(MAIL)

    assert refused.value.permanent
    assert smtp.recipients == [MAIL.to] * 2


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize(
    ("verb", "reply"), [("MAIL", "421 enough"), ("MAIL", "cut"), ("RCPT", "cut"), ("DATA", "cut")]
)
def test_a_server_that_closes_a_used_connection_gets_the_message_on_a_new_one(
    smtp: SmtpServer,
    channel: SmtpChannel,
    verb: str,
    reply: str,
    is_announced: bool,
    pipelining: bool,
) -> None:
    """Some take only so many messages on one. Before the body, it was certainly not sent."""
    smtp.pipelining = pipelining
    channel.send(MAIL)
    smtp.script = {verb: reply}
    smtp.on_connect = smtp.script.clear
    if is_announced:
        channel.announce(OTHER.to)

    channel.send(OTHER)

    assert smtp.recipients == [MAIL.to, OTHER.to]
    assert smtp.connections == 2


def test_a_used_connection_that_falls_silent_costs_one_time_out_not_two(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    """EMAIL_TIMEOUT, which is a second here, holds for a message, whatever becomes of it."""
    channel.send(MAIL)
    smtp.script = {"MAIL": "silence"}

    began = monotonic()
    with pytest.raises(Refused, match="connection lost"):
        channel.send(OTHER)

    assert monotonic() - began < 1.9


def test_a_server_that_closes_a_new_connection_is_tried_later(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    smtp.script = {"MAIL": "421 closing"}

    with pytest.raises(Refused, match="421 closing"):
        channel.send(MAIL)

    assert smtp.connections == 1


def test_a_body_is_never_sent_on_a_second_connection(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    channel.send(MAIL)
    smtp.script = {"BODY": "accept and cut"}

    with pytest.raises(Unknown):
        channel.send(OTHER)

    assert smtp.recipients == [MAIL.to, OTHER.to]
    assert smtp.connections == 1


def test_a_server_that_takes_one_command_at_a_time_hears_the_sender_only(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    smtp.pipelining = False
    channel.announce(MAIL.to)  # nobody is there yet
    channel.send(MAIL)
    channel.announce(OTHER.to)
    until(lambda: smtp.verbs == ["EHLO", *NAMED, "DATA", "MAIL"])
    channel.send(OTHER)
    channel.announce(OTHER.to)
    channel.send(MAIL)

    assert smtp.recipients == [MAIL.to, OTHER.to, MAIL.to]
    assert smtp.verbs == ["EHLO", *[*NAMED, "DATA"] * 2, "MAIL", "RSET", *NAMED, "DATA"]


def test_a_refusal_with_an_open_body_costs_the_connection(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    """A server that refuses the recipient and asks for the body all the same must not get one."""
    smtp.script = {"RCPT": "550 no such user", "DATA": "354 go on"}
    with pytest.raises(Refused, match="550"):
        channel.send(MAIL)
    smtp.script = {}

    channel.send(OTHER)

    assert smtp.recipients == [OTHER.to]
    assert smtp.connections == 2


def test_lines_that_begin_with_a_dot_arrive_as_they_were(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    channel.send(replace(MAIL, text="one\n.\n..two\n.three"))

    assert "one\r\n.\r\n..two\r\n.three" in smtp.accepted[0]


def test_what_cannot_be_an_email_is_refused_for_good(channel: SmtpChannel) -> None:
    with pytest.raises(Refused, match="cannot be an e-mail") as refused:
        channel.send(replace(MAIL, to="two\nlines@patients.example"))

    assert refused.value.permanent
