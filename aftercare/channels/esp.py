"""E-mail by the HTTP API of any provider that django-anymail speaks to."""

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import get_connection

from aftercare.channels.blame import Blame
from aftercare.channels.errors import Refused, Unknown
from aftercare.channels.http import no_answer, refusal
from aftercare.channels.kinds import ProviderKind
from aftercare.channels.message import compose
from aftercare.texts.render import Outgoing


class AnymailChannel:
    """None of these APIs promises to de-duplicate: what is unknown stays in doubt until a
    delivery receipt tells."""

    code = "anymail"
    kind = ProviderKind.NONE

    def __init__(self) -> None:
        self._backend = get_connection(settings.ANYMAIL_BACKEND)

    def send(self, outgoing: Outgoing) -> str:
        email = compose(outgoing)
        # Comes back with its reports, also of a message that we did not get the id of.
        email.metadata = {"key": str(outgoing.key)}  # type: ignore[attr-defined]
        try:
            self._backend.open()
            self._backend.send_messages([email])
        except AnymailRecipientsRefused as error:
            raise Refused(_words(error), blame=Blame.RECIPIENT) from error
        except AnymailAPIError as error:
            if isinstance(error.__cause__, requests.RequestException) and error.response is None:
                raise no_answer(error.__cause__) from error
            if error.status_code is None or 200 <= error.status_code < 300:
                raise Unknown(f"an answer that makes no sense: {_words(error)}") from error
            raise refusal(error.status_code, _words(error)) from error
        except AnymailError as error:  # about the message itself, before anything was sent
            raise Refused(_words(error), blame=Blame.RECIPIENT) from error
        status = email.anymail_status  # type: ignore[attr-defined]
        if status.status == {"unknown"} and not status.message_id:
            raise Unknown("the provider does not say whether it was accepted")
        return str(status.message_id or "")

    def lookup(self, key: object) -> str | None:
        raise Unknown("cannot be asked")

    def close(self) -> None:
        self._backend.close()


def _words(error: AnymailError) -> str:
    """What the provider said, without the message that anymail adds to it."""
    response = error.response
    text = response.text if response is not None else str(error.args[0] if error.args else error)
    return " ".join(text.split())
