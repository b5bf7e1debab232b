"""E-mail by SMTP, through Django's backend, knowing how far a failed attempt had come."""

import smtplib
from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from aftercare.channels.errors import Refused, Unknown
from aftercare.rendering import Outgoing
from sessions.calendar import PUBLISH


class _BodyWatch:
    """An SMTP connection that remembers whether the server has asked for a message's body.

    Reply 354 is the point of no return: before it, a lost connection means "not sent"; after
    it, nobody can know (RFC 5321 §4.5.3.2.6 and RFC 1047).
    """

    body_started = False

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()  # type: ignore[misc]
        if code == 354:
            self.body_started = True
        return code, text


class _SMTP(_BodyWatch, smtplib.SMTP):
    pass


class _SMTP_SSL(_BodyWatch, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """Django's SMTP backend on a connection that watches the body."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SMTP_SSL if self.use_ssl else _SMTP


class SmtpChannel:
    """SMTP cannot be asked and does not de-duplicate: what is unknown stays in doubt."""

    dedupes = False

    def __init__(self) -> None:
        self._backend: Any = Backend()

    def send(self, outgoing: Outgoing) -> str:
        email = _compose(outgoing)
        try:
            self._backend.open()
            self._backend.connection.body_started = False
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Refused(f"no connection: {type(error).__name__}") from error
        try:
            self._backend.send_messages([email])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _refused(code, text) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code < 400:  # no refusal, no acceptance: the server makes no sense
                self._drop()
                raise Unknown(f"odd reply {error.smtp_code}") from error
            if error.smtp_code == 421:  # the server closes the connection after this
                self._drop()
            raise _refused(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            body_started = self._backend.connection and self._backend.connection.body_started
            self._drop()
            reason = f"connection lost: {type(error).__name__}"
            raise (Unknown(reason) if body_started else Refused(reason)) from error
        return str(email.extra_headers["Message-ID"])

    def _drop(self) -> None:
        """Forget a connection that is of no use, without another word to the server."""
        connection, self._backend.connection = self._backend.connection, None
        if connection:
            smtplib.SMTP.close(connection)

    def close(self) -> None:
        try:
            self._backend.close()
        except (OSError, smtplib.SMTPException):
            self._drop()


def _refused(code: int, text: bytes | str) -> Refused:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Refused(f"{code} {words}"[:300], permanent=500 <= code < 600)


def _compose(outgoing: Outgoing) -> EmailMultiAlternatives:
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    email = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.text,
        from_email=formataddr((outgoing.sender, address)),
        to=[outgoing.to],
        reply_to=[outgoing.reply_to],
        headers={
            "Message-ID": f"<{outgoing.key}@{address.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    email.attach_alternative(outgoing.html, "text/html")
    if outgoing.appointment:
        calendar = MIMEText(outgoing.appointment.decode(), "calendar", "utf-8")
        calendar.set_param("method", PUBLISH)
        calendar.add_header("Content-Disposition", "attachment", filename="appointment.ics")
        email.attach(calendar)
    return email
