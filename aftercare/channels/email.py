"""E-mail by SMTP, through Django's backend, knowing how far a failed attempt had come."""

import smtplib
from math import inf
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from aftercare.channels.errors import Refused, Unknown
from aftercare.channels.kinds import ProviderKind
from aftercare.channels.message import headers_of, own_address
from aftercare.channels.wire import recipient, wire
from aftercare.rendering import Outgoing


class _Watch:
    """An SMTP connection that remembers whether the server has asked for a message's body, and
    has one deadline for all of a conversation: a time-out for each word could add up to minutes.

    Reply 354 is the point of no return: before it, a lost connection means "not sent"; after
    it, nobody can know (RFC 5321 §4.5.3.2.6 and RFC 1047).
    """

    body_started = False
    deadline = inf
    sock: Any

    def send(self, data: Any) -> None:
        self._hurry()
        super().send(data)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        self._hurry()
        code, text = super().getreply()  # type: ignore[misc]
        if code == 354:
            self.body_started = True
        return code, text

    def _hurry(self) -> None:
        if self.sock and self.deadline < inf:
            self.sock.settimeout(max(self.deadline - monotonic(), 0.01))


class _SMTP(_Watch, smtplib.SMTP):
    pass


class _SMTP_SSL(_Watch, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """Django's SMTP backend on a connection that watches the body."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SMTP_SSL if self.use_ssl else _SMTP


class SmtpChannel:
    """SMTP cannot be asked and does not de-duplicate: what is unknown stays in doubt."""

    code = "smtp"
    kind = ProviderKind.NONE

    def __init__(self) -> None:
        self._backend: Any = Backend()

    def send(self, outgoing: Outgoing) -> str:
        content, to = wire(outgoing), recipient(outgoing.to)
        deadline = monotonic() + settings.EMAIL_TIMEOUT
        try:
            self._backend.open()
            connection = self._backend.connection
            connection.body_started, connection.deadline = False, deadline
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Refused(f"no connection: {type(error).__name__}") from error
        try:
            connection.sendmail(recipient(own_address()), [to], content)
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
        return headers_of(outgoing)["Message-ID"]

    def lookup(self, key: object) -> str | None:
        raise Unknown("cannot be asked")

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
