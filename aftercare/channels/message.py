"""An e-mail as every mail program understands it."""

from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp
from django.utils import timezone

from aftercare.texts.render import Outgoing
from sessions.ical import method_of


def own_address() -> str:
    """The mailbox that all our e-mails come from."""
    return _address(settings.DEFAULT_FROM_EMAIL)


@lru_cache(maxsize=8)
def _address(mailbox: str) -> str:
    return parseaddr(mailbox)[1]


def sender_of(outgoing: Outgoing) -> str:
    """The clinic's name at our mailbox."""
    return _named(outgoing.sender, own_address())


@lru_cache(maxsize=256)
def _named(name: str, address: str) -> str:
    return formataddr((name, address))


def headers_of(outgoing: Outgoing) -> dict[str, str]:
    """The headers that are ours to say."""
    headers = {
        "Message-ID": f"<{outgoing.key}@{own_address().rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
        # On the clock that the text speaks of.
        "Date": format_datetime(timezone.now().astimezone(outgoing.zone)),
    }
    if url := outgoing.unsubscribe_url:
        # RFC 8058: one click is a POST to this address; a GET, as of link scanners, is nothing.
        headers["List-Unsubscribe"] = f"<{url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def compose(outgoing: Outgoing) -> EmailMultiAlternatives:
    email = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.text,
        from_email=sender_of(outgoing),
        to=[outgoing.to],
        reply_to=[outgoing.reply_to],
        headers=headers_of(outgoing),
    )
    # Eight bits would be encoded anew by a server that does not know them, which breaks signatures.
    email.encoding = utf8_charset_qp
    email.attach_alternative(outgoing.html, "text/html")
    if outgoing.appointment:
        calendar = MIMEText(outgoing.appointment.decode(), "calendar", "utf-8")
        calendar.set_param("method", method_of(outgoing.appointment))
        calendar.add_header("Content-Disposition", "attachment", filename="appointment.ics")
        email.attach(calendar)
    return email
