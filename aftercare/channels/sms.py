"""SMS: any gateway that takes JSON, Twilio, or a file on this machine."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from aftercare.channels.errors import Refused, Unknown
from aftercare.rendering import Outgoing

TIMEOUT = (3.05, 10)  # seconds to connect and to answer


class HttpSms:
    """A gateway that takes `{to, from, text, key}` as JSON, with the key as Idempotency-Key too."""

    def __init__(self) -> None:
        self.dedupes: bool = settings.SMS_HTTP_DEDUPES
        self._session = requests.Session()
        if settings.SMS_HTTP_TOKEN:
            self._session.headers["Authorization"] = f"Bearer {settings.SMS_HTTP_TOKEN}"

    def send(self, outgoing: Outgoing) -> str:
        body = {
            "to": outgoing.to,
            "from": outgoing.sender,
            "text": outgoing.text,
            "key": str(outgoing.key),
        }
        headers = {"Idempotency-Key": str(outgoing.key)}
        answer = _post(self._session, settings.SMS_HTTP_URL, json=body, headers=headers)
        return str(_field(answer, "id"))

    def close(self) -> None:
        self._session.close()


class TwilioSms:
    """Twilio's Messages resource. Not idempotent: what is unknown stays in doubt (error 20500)."""

    dedupes = False

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.auth = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
        self._url = (
            f"{settings.TWILIO_API_URL}/2010-04-01/Accounts/"
            f"{settings.TWILIO_ACCOUNT_SID}/Messages.json"
        )

    def send(self, outgoing: Outgoing) -> str:
        form = {"To": outgoing.to, "From": settings.TWILIO_FROM, "Body": outgoing.text}
        return str(_field(_post(self._session, self._url, data=form), "sid"))

    def close(self) -> None:
        self._session.close()


class CaptureSms:
    """Keeps the SMS as files in `CLINIC_INBOX_DIR`, where the demo's inbox page shows them."""

    dedupes = True

    def send(self, outgoing: Outgoing) -> str:
        return capture_sms(
            Path(settings.INBOX_DIR),
            {
                "to": outgoing.to,
                "from": outgoing.sender,
                "text": outgoing.text,
                "key": str(outgoing.key),
            },
        )

    def close(self) -> None:
        pass


def capture_sms(folder: Path, message: dict[str, str]) -> str:
    """Keep one SMS as a JSON file that is whole as soon as it is there. Returns its id.

    Two with one key are one file: this provider de-duplicates.
    """
    captured = {**message, "received_at": datetime.now(UTC).isoformat()}
    name = UUID(message["key"]).hex
    part = folder / f"{name}.part"
    part.write_text(json.dumps(captured, ensure_ascii=False), encoding="utf-8")
    part.rename(folder / f"{name}.sms.json")
    return name


PROVIDERS: dict[str, type[HttpSms] | type[TwilioSms] | type[CaptureSms]] = {
    "http": HttpSms,
    "twilio": TwilioSms,
    "capture": CaptureSms,
}


def sms_channel() -> HttpSms | TwilioSms | CaptureSms:
    """The provider that the settings name."""
    try:
        return PROVIDERS[settings.SMS_PROVIDER]()
    except KeyError:
        raise ImproperlyConfigured(
            f"SMS_PROVIDER is {settings.SMS_PROVIDER!r}; known are {', '.join(PROVIDERS)}."
        ) from None


def _post(session: requests.Session, url: str, **kwargs: object) -> requests.Response:
    """POST once. Only a refusal that came back as an answer is certain; see the two errors."""
    try:
        answer = session.post(url, timeout=TIMEOUT, **kwargs)  # type: ignore[arg-type]
    except requests.ConnectTimeout as error:
        raise Refused("no connection in time") from error
    except requests.ConnectionError as error:
        if _never_connected(error):
            raise Refused("no connection") from error
        raise Unknown(f"connection lost: {type(error).__name__}") from error
    except requests.RequestException as error:
        raise Unknown(f"no answer: {type(error).__name__}") from error
    if 400 <= answer.status_code < 500:
        # Our credentials or our pace, not this message: these may well work later.
        later = answer.status_code in (401, 403, 408, 425, 429)
        raise Refused(f"{answer.status_code} {answer.text}"[:300], permanent=not later)
    if not answer.ok:
        # A gateway may fail after it has passed the message on: only 503 says that it did not.
        if answer.status_code == 503:
            raise Refused("503 not available")
        raise Unknown(f"{answer.status_code} from the gateway")
    return answer


def _never_connected(error: requests.ConnectionError) -> bool:
    """Whether the connection was refused, so that nothing can have been handed over."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ == "NewConnectionError"


def _field(answer: requests.Response, name: str) -> object:
    try:
        return answer.json().get(name, "")
    except (ValueError, AttributeError):
        return ""  # accepted all the same: the status said so
