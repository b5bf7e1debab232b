"""E-mail and SMS over real connections: what is certain, and what nobody can know."""

import email
import email.policy
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured

from aftercare.channels import ProviderKind, Refused, Unknown, channel_for
from aftercare.channels.blame import Blame
from aftercare.channels.email import SmtpChannel
from aftercare.channels.sms import CaptureSms, HttpSms, TwilioSms
from aftercare.texts.render import Outgoing
from tests.support.doubles import HttpGateway, SmtpServer

AGAIN = {Blame.RECIPIENT: "never", Blame.MOMENT: "again", Blame.SERVICE: "again"}
KEY = UUID("01890000-0000-7000-8000-000000000001")
MAIL = Outgoing(
    key=KEY,
    to="grace@patients.example",
    sender="Riverside Skin Clinic, Köln",
    reply_to="hello@riverside.example",
    subject="Day one – how to go on",
    text="Hello Grace",
    html="<p>Hello Grace</p>",
)
SMS = Outgoing(
    key=KEY, to="+4915123456789", sender="Riverside", reply_to="", subject="", text="Hi", html=""
)


def test_an_email_carries_what_a_mail_program_needs(smtp: SmtpServer) -> None:
    channel = SmtpChannel()

    message_id = channel.send(MAIL)
    channel.close()

    sent = email.message_from_string(smtp.accepted[0], policy=email.policy.default)
    assert sent["Message-ID"] == message_id == f"<{KEY}@clinic.example>"
    assert sent["Subject"] == MAIL.subject
    assert sent["From"].addresses[0].display_name == MAIL.sender
    assert sent["From"].addresses[0].addr_spec == "hello@clinic.example"
    assert sent["Reply-To"] == MAIL.reply_to
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent.get_body(("plain",)).get_content().strip() == "Hello Grace"  # type: ignore[union-attr]
    assert "<p>" in sent.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_one_connection_serves_a_batch(smtp: SmtpServer) -> None:
    channel = SmtpChannel()
    for _ in range(5):
        channel.send(MAIL)
    channel.close()

    assert (smtp.connections, len(smtp.accepted)) == (1, 5)


@pytest.mark.parametrize(
    ("verb", "reply", "outcome"),
    [
        ("CONNECT", "421 too busy", "again"),
        ("CONNECT", "554 go away", "again"),
        ("CONNECT", "cut", "again"),
        ("CONNECT", "silence", "again"),
        ("MAIL", "421 closing", "again"),
        ("MAIL", "451 later", "again"),
        ("MAIL", "cut", "again"),
        ("RCPT", "450 mailbox busy", "again"),
        ("RCPT", "550 no such user", "never"),
        ("RCPT", "cut", "again"),
        ("DATA", "451 later", "again"),
        ("DATA", "cut", "again"),
        ("DATA", "250 what", "again"),
        ("BODY", "451 later", "again"),
        ("BODY", "251 what", "unknown"),
        ("BODY", "nonsense", "unknown"),
        ("BODY", "552 5.2.3 too big", "never"),
        ("BODY", "552 too big", "again"),
        ("BODY", "cut", "unknown"),
        ("BODY", "accept and cut", "unknown"),
        ("BODY", "silence", "unknown"),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_mail_server_that_fails(
    smtp: SmtpServer, verb: str, reply: str, outcome: str, pipelining: bool
) -> None:
    """Unknown is only what was lost after the server had asked for the body (RFC 1047)."""
    smtp.script, smtp.pipelining = {verb: reply}, pipelining
    channel = SmtpChannel()

    with pytest.raises((Refused, Unknown)) as failed:
        channel.send(MAIL)

    error: Any = failed.value
    got = "unknown" if isinstance(error, Unknown) else AGAIN[error.blame]
    assert got == outcome
    smtp.script = {}
    assert channel.send(MAIL)  # the channel is fit for the next message
    channel.close()


def test_nobody_listens(settings: Any) -> None:
    settings.EMAIL_PORT = 9

    with pytest.raises(Refused, match="no connection"):
        SmtpChannel().send(MAIL)
    with pytest.raises(Refused, match="no connection"):
        HttpSms().send(SMS)


def test_a_gateway_gets_the_sms_with_its_key(gateway: HttpGateway, settings: Any) -> None:
    settings.SMS_HTTP_TOKEN = "t0ken"

    assert HttpSms().send(SMS) == "sms-1"

    assert gateway.json() == [
        {"to": "+4915123456789", "from": "Riverside", "text": "Hi", "key": str(KEY)}
    ]
    headers = gateway.requests[0]["headers"]
    assert headers["Idempotency-Key"] == str(KEY)
    assert headers["Authorization"] == "Bearer t0ken"


def test_twilio_gets_its_form(gateway: HttpGateway, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "secret"
    settings.TWILIO_FROM = "+15005550006"

    assert TwilioSms().send(SMS) == "SM1"

    request = gateway.requests[0]
    assert request["path"] == "/2010-04-01/Accounts/AC1/Messages.json"
    assert request["body"] == "To=%2B4915123456789&From=%2B15005550006&Body=Hi"
    assert request["headers"]["Authorization"].startswith("Basic ")
    assert TwilioSms.kind == ProviderKind.NONE


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((400, "bad number"), "never"),
        ((401, "who are you"), "again"),
        ((404, "no such address"), "again"),
        ((422, "no such number"), "never"),
        ((429, "slow down"), "again"),
        ((500, "oops"), "unknown"),
        ((502, "oops"), "unknown"),
        ((503, "later"), "again"),
        ("cut", "unknown"),
        ("silence", "unknown"),
        ((200, "no json"), "sent"),
        ((202, "[]"), "sent"),
    ],
)
def test_a_gateway_that_fails(
    gateway: HttpGateway, monkeypatch: pytest.MonkeyPatch, answer: Any, outcome: str
) -> None:
    monkeypatch.setattr("aftercare.channels.http.TIMEOUT", (1, 1))
    gateway.answer = answer

    try:
        HttpSms().send(SMS)
        got = "sent"
    except Unknown:
        got = "unknown"
    except Refused as error:
        got = AGAIN[error.blame]

    assert got == outcome


def test_captured_sms_are_kept_once_per_key(tmp_path: Path, settings: Any) -> None:
    settings.INBOX_DIR = str(tmp_path)
    for _ in range(2):
        CaptureSms().send(SMS)

    (kept,) = tmp_path.iterdir()
    assert json.loads(kept.read_text())["text"] == "Hi"


def test_the_settings_choose_the_sms_provider(settings: Any) -> None:
    for name, kind in (("http", HttpSms), ("twilio", TwilioSms), ("capture", CaptureSms)):
        settings.SMS_PROVIDER = name
        assert isinstance(channel_for("SMS"), kind)
    settings.SMS_PROVIDER = "pigeon"
    with pytest.raises(ImproperlyConfigured, match="known are http, twilio, capture"):
        channel_for("SMS")
