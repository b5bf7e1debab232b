"""E-mail by a provider's HTTP API (Postmark's, by django-anymail), and Twilio's errors."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aftercare.channels import Refused, Unknown, channel_for
from aftercare.channels.blame import Blame
from aftercare.channels.esp import AnymailChannel
from aftercare.channels.message import compose
from aftercare.channels.sms import TwilioSms
from tests.dispatch.test_channels import MAIL, SMS
from tests.house.test_architecture import PRODUCTION, manage
from tests.support.doubles import HttpGateway

ACCEPTED = json.dumps(
    {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "grace@patients.example"}
)


@pytest.fixture
def postmark(gateway: HttpGateway, settings: Any) -> HttpGateway:
    settings.EMAIL_PROVIDER = "anymail"
    settings.ANYMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "t0ken",
        "POSTMARK_API_URL": f"{gateway.url}/",
        "REQUESTS_TIMEOUT": (1, 0.5),
    }
    gateway.answer = (200, ACCEPTED)
    return gateway


def outcome(channel: Any, message: Any) -> str:
    try:
        channel.send(message)
    except Refused as error:
        return "never" if error.blame == Blame.RECIPIENT else "again"
    except Unknown:
        return "unknown"
    return "sent"


def test_an_email_goes_out_by_the_api_with_the_providers_id(postmark: HttpGateway) -> None:
    channel = channel_for("EMAIL")

    assert channel.send(MAIL) == "pm-1"
    assert channel.send(MAIL) == "pm-1"
    channel.close()

    sent = postmark.json()[0]
    assert sent["To"] == MAIL.to
    assert sent["ReplyTo"] == MAIL.reply_to
    assert sent["Subject"] == MAIL.subject
    assert sent["HtmlBody"] == MAIL.html
    assert channel.code == "anymail"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((401, '{"ErrorCode": 10, "Message": "Bad token"}'), "again"),
        ((422, '{"ErrorCode": 300, "Message": "Invalid \'From\'"}'), "never"),
        (
            (
                422,
                '{"ErrorCode": 406, "Message": "Found inactive addresses: '
                'grace@patients.example. Inactive recipients are ones that bounced."}',
            ),
            "never",
        ),
        ((422, '{"ErrorCode": 406, "Message": "in other words"}'), "unknown"),
        ((429, '{"ErrorCode": 0, "Message": "slow down"}'), "again"),
        ((500, '{"ErrorCode": 100, "Message": "maintenance"}'), "unknown"),
        ((503, "later"), "again"),
        ((200, "no json"), "unknown"),
        ("cut", "unknown"),
        ("silence", "unknown"),
    ],
)
def test_a_providers_api_that_fails(postmark: HttpGateway, answer: Any, expected: str) -> None:
    postmark.answer = answer
    channel = AnymailChannel()

    assert outcome(channel, MAIL) == expected

    postmark.answer = (200, ACCEPTED)
    assert outcome(channel, MAIL) == "sent"  # the channel is fit for the next message
    channel.close()


def test_a_providers_api_that_is_not_there(postmark: HttpGateway, settings: Any) -> None:
    settings.ANYMAIL["POSTMARK_API_URL"] = "http://127.0.0.1:9/"

    with pytest.raises(Refused, match="no connection"):
        AnymailChannel().send(MAIL)


def test_the_settings_of_a_provider_come_from_the_environment() -> None:
    code = (
        "from django.conf import settings as s;"
        "print(s.ANYMAIL['MAILGUN_API_KEY'], s.ANYMAIL['REQUESTS_TIMEOUT'], s.EMAIL_HOST)"
    )
    without_smtp = {k: v for k, v in PRODUCTION.items() if k != "EMAIL_URL"}
    chosen = {"EMAIL_PROVIDER": "anymail", "ANYMAIL_MAILGUN_API_KEY": "k3y"}

    said = manage("shell", "-v0", "-c", code, **without_smtp, **chosen)

    assert said.stdout == "k3y (3.05, 8) localhost\n", said.stderr


def test_one_click_unsubscribe_is_in_the_headers() -> None:
    assert "List-Unsubscribe" not in compose(MAIL).extra_headers

    url = "https://clinic.example/p/token/unsubscribe/"
    headers = compose(replace(MAIL, unsubscribe_url=url)).extra_headers

    assert headers["List-Unsubscribe"] == "<https://clinic.example/p/token/unsubscribe/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (
            (400, '{"code": 21610, "message": "unsubscribed recipient"}'),
            "never",
            "400 21610 unsubsc",
        ),
        ((400, '{"code": 21211, "message": "Invalid To"}'), "never", "400 21211 Invalid To"),
        ((401, '{"code": 20003, "message": "Authenticate"}'), "again", "401 20003"),
        ((429, '{"code": 20429, "message": "Too many"}'), "again", "429 20429"),
        ((500, '{"code": 20500, "message": "Internal"}'), "unknown", "500 20500"),
        ((503, '{"code": 20503, "message": "Unavailable"}'), "again", "503 20503"),
        ("cut", "unknown", "connection lost"),
        ("silence", "unknown", "no answer"),
        ((201, '{"sid": "SM2"}'), "sent", ""),
    ],
)
def test_twilio_that_fails(
    gateway: HttpGateway, monkeypatch: pytest.MonkeyPatch, answer: Any, expected: str, words: str
) -> None:
    monkeypatch.setattr("aftercare.channels.http.TIMEOUT", (1, 0.5))
    gateway.answer = answer

    assert outcome(TwilioSms(), SMS) == expected
    if expected != "sent":
        with pytest.raises((Refused, Unknown), match=words):
            TwilioSms().send(SMS)
