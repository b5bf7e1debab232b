"""E-mail by SMTP, through Django's backend, knowing how far a failed attempt had come."""

import smtplib
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from aftercare.channels.blame import Blame, of_smtp
from aftercare.channels.conversation import CLOSING, DONE, SMTP, SMTP_SSL
from aftercare.channels.errors import Refused, Unknown, fault
from aftercare.channels.kinds import ProviderKind
from aftercare.channels.message import headers_of, own_address
from aftercare.channels.wire import recipient, wire
from aftercare.texts.render import Outgoing

NOT_TAKEN = (
    "our mail server takes no address with letters such as “é” or “ü” before the @: ask the "
    "patient for another one, or write by SMS"
)


class _Closed(Refused):
    """The server has closed the connection, before the body: some do after so many messages, or
    after a pause. A new connection may do."""


class Backend(EmailBackend):
    """Django's SMTP backend on a connection that hands over our messages."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return SMTP_SSL if self.use_ssl else SMTP


class SmtpChannel:
    """SMTP cannot be asked and does not de-duplicate: what is unknown stays in doubt."""

    code = "smtp"
    kind = ProviderKind.NONE

    def __init__(self) -> None:
        self._backend: Any = Backend()

    def send(self, outgoing: Outgoing) -> str:
        try:
            content, to = wire(outgoing), recipient(outgoing.to)
        except ValueError as error:
            reason = f"cannot be an e-mail: {error}"
            raise Refused(reason, blame=Blame.RECIPIENT) from error
        is_used = self._backend.connection is not None
        deadline = monotonic() + settings.EMAIL_TIMEOUT  # for all of it
        try:
            self._hand_over(to, content, deadline)
        except _Closed:
            if not is_used or monotonic() >= deadline:
                raise
            self._hand_over(to, content, deadline)
        return headers_of(outgoing)["Message-ID"]

    def _hand_over(self, to: str, content: bytes, deadline: float) -> None:
        try:
            self._backend.timeout = max(deadline - monotonic(), 0.01)
            self._backend.open()
            connection = self._backend.connection
            connection.begin(deadline)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise _Closed(f"no connection: {_words(error)}"[:300]) from error
        if not connection.takes(to):
            raise Refused(NOT_TAKEN, blame=Blame.RECIPIENT)
        try:
            code, words = connection.hand_over(recipient(own_address()), to, content)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            reason = f"connection lost: {fault(error)}"
            raise (Unknown(reason) if connection.body_started else _Closed(reason)) from error
        if connection.body_started and code == DONE:
            return
        if code == CLOSING or not connection.is_fit():
            self._drop()
        reason = f"{code} {words}"[:300]
        if code == CLOSING and not connection.body_started:
            raise _Closed(reason)
        if 400 <= code < 600 or not connection.body_started:
            raise Refused(reason, blame=of_smtp(code, words, at_rcpt=connection.at_rcpt))
        # no refusal, no acceptance: the server makes no sense
        raise Unknown(f"odd reply {code}")

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


def _words(error: OSError | smtplib.SMTPException) -> str:
    """What the server has said, if it has said anything."""
    if not isinstance(error, smtplib.SMTPResponseException):
        return fault(error)
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
