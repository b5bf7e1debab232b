"""How a message is handed to a mail server: what goes together, and on which connection."""

from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from aftercare.channels import Refused, Unknown
from aftercare.channels.blame import Blame
from aftercare.channels.email import SmtpChannel
from tests.dispatch.test_channels import MAIL
from tests.support.doubles import SmtpServer

OTHER = replace(MAIL, to="ada@patients.example")


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


@pytest.mark.parametrize("pipelining", [True, False])
def test_one_connection_takes_message_after_message(
    smtp: SmtpServer, channel: SmtpChannel, pipelining: bool
) -> None:
    smtp.pipelining = pipelining

    for mail in (MAIL, OTHER, MAIL):
        channel.send(mail)

    assert smtp.recipients == [MAIL.to, OTHER.to, MAIL.to]
    assert smtp.verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("verb", "reply"), [("MAIL", "421 enough"), ("MAIL", "cut"), ("RCPT", "cut"), ("DATA", "cut")]
)
def test_a_server_that_closes_a_used_connection_gets_the_message_on_a_new_one(
    smtp: SmtpServer,
    channel: SmtpChannel,
    verb: str,
    reply: str,
    pipelining: bool,
) -> None:
    """Some take only so many messages on one. Before the body, it was certainly not sent."""
    smtp.pipelining = pipelining
    channel.send(MAIL)
    smtp.script = {verb: reply}
    smtp.on_connect = smtp.script.clear

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

    assert refused.value.blame == Blame.RECIPIENT


@pytest.mark.parametrize("pipelining", [True, False])
def test_an_address_of_other_letters_goes_to_a_server_that_knows_them(
    smtp: SmtpServer, channel: SmtpChannel, pipelining: bool
) -> None:
    """RFC 6531. A server that offers it is told that it comes, and gets the address as it is."""
    if not pipelining:
        smtp.script = {"EHLO": "250-here\r\n250 SMTPUTF8"}

    channel.send(replace(MAIL, to="grâce@köln.example"))
    channel.send(MAIL)

    assert smtp.recipients == ["grâce@xn--kln-sna.example", MAIL.to]
    assert "\r\nTo: grâce@xn--kln-sna.example\r\n" in smtp.accepted[0]
    assert [line.endswith(" SMTPUTF8") for line in smtp.senders] == [True, False]


def test_without_it_the_desk_reads_what_to_ask_for_and_the_next_message_goes_out(
    smtp: SmtpServer, channel: SmtpChannel
) -> None:
    smtp.script = {"EHLO": "250-here\r\n250 PIPELINING"}

    with pytest.raises(Refused, match="ask the patient") as refused:
        channel.send(replace(MAIL, to="grâce@patients.example"))
    channel.send(MAIL)

    assert refused.value.blame == Blame.RECIPIENT
    assert (smtp.connections, smtp.recipients) == (1, [MAIL.to])
