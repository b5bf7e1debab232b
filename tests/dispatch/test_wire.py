"""The bytes of an e-mail: what we put together says what Django would have said."""

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.mail.message import BadHeaderError
from django.utils import timezone

from aftercare.channels.message import compose
from aftercare.channels.wire import LONGEST, recipient, wire
from aftercare.texts.render import Outgoing
from tests.dispatch.test_channels import MAIL

SAFE = {"7bit", "quoted-printable", "base64"}  # nothing that a relay would encode anew
PAGE = "https://clinic.example/p/" + "x" * 40 + "/unsubscribe/"
CASES = {
    "as it comes": MAIL,
    "plain": replace(MAIL, sender="Riverside", subject="Your appointment"),
    "unsubscribable": replace(MAIL, unsubscribe_url=PAGE),
    "long subject": replace(MAIL, subject="Word " * 40 + "end"),
    "long subject of other letters": replace(MAIL, subject="Größe " * 40 + "Ende"),
    "odd sender": replace(MAIL, sender='Dr. "Ö" <x>, \\ (y)'),
    "address of other letters": replace(MAIL, to="grace@köln.example"),
    "quoted address": replace(MAIL, to='"grace hopper"@patients.example'),
    "no answer to": replace(MAIL, reply_to=""),
    "lines": replace(MAIL, text="a\r\nb\rc\n\n.\n..d\n \nFrom e\n-- \nf", html="<p>\n.\n</p>\n"),
    "separators of others": replace(MAIL, text="a\u2028b\x0bc\x85d"),
    "longest line": replace(MAIL, text="x" * LONGEST),
    "too long a line": replace(MAIL, html="<p>" + "ö" * LONGEST + "</p>"),
    "with a file": replace(MAIL, appointment=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
}


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def said(message: EmailMessage) -> list[object]:
    """Headers and contents, without boundary, date and folds."""
    del message["Date"]
    headers = [
        (name, " ".join(str(value).split()))
        for name, value in message.items()
        if name != "Content-Type"
    ]
    parts = [
        (part.get_content_type(), dict(part["Content-Type"].params), part.get_content())
        for part in message.walk()
        if not part.is_multipart()
    ]
    kinds = [part.get_content_type() for part in message.walk()]
    return [headers, parts, kinds]


@pytest.mark.parametrize("outgoing", CASES.values(), ids=CASES.keys())
def test_it_says_what_django_says(outgoing: Outgoing) -> None:
    ours = wire(outgoing)
    theirs: Any = compose(outgoing).message()

    assert said(parsed(ours)) == said(parsed(theirs.as_bytes(linesep="\r\n")))


@pytest.mark.parametrize("outgoing", CASES.values(), ids=CASES.keys())
def test_lines_end_with_cr_lf_and_are_not_too_long(outgoing: Outgoing) -> None:
    content = wire(outgoing)

    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= LONGEST
    assert content.split(b"\r\n\r\n")[0].isascii()
    assert content.isascii()
    assert {str(part["Content-Transfer-Encoding"]) for part in _texts(content)} <= SAFE


def _texts(content: bytes) -> list[EmailMessage]:
    return [part for part in parsed(content).walk() if part.get_content_maintype() == "text"]


@pytest.mark.parametrize("outgoing", [MAIL, CASES["with a file"]])
def test_the_date_is_on_the_clinics_clock(outgoing: Outgoing) -> None:
    zone = ZoneInfo("Asia/Kolkata")

    content = wire(replace(outgoing, zone=zone))

    assert str(parsed(content)["Date"]).endswith(" +0530")
    assert abs(parsed(content)["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    assert len(parsed(content).get_all("Date", [])) == 1


def test_the_boundary_is_another_one_each_time() -> None:
    boundaries = {parsed(wire(MAIL)).get_boundary() for _ in range(20)}

    assert len(boundaries) == 20


@pytest.mark.parametrize("field", ["subject", "to", "sender", "reply_to", "unsubscribe_url"])
@pytest.mark.parametrize("newline", ["\n", "\r"])
def test_no_header_can_be_smuggled_in(field: str, newline: str) -> None:
    smuggled: Any = {field: f"x@y.example{newline}Bcc: z@y.example"}
    outgoing = replace(MAIL, **smuggled)

    with pytest.raises((BadHeaderError, ValueError)):
        wire(outgoing)


def test_a_mail_server_gets_a_domain_in_ascii() -> None:
    assert recipient("grace@patients.example") == "grace@patients.example"
    assert recipient("grace@köln.example") == "grace@xn--kln-sna.example"
    assert recipient("grâce@köln.example") == "grâce@xn--kln-sna.example"


@pytest.mark.parametrize("newline", ["\n", "\r", "\u2028"])
def test_no_header_is_smuggled_in_behind_other_letters(newline: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        wire(replace(MAIL, to=f"é@y.example{newline}Bcc: z@y.example"))
