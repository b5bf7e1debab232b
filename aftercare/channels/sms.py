"""SMS: any gateway that takes JSON, Twilio, or a file on this machine."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from aftercare.channels import http
from aftercare.channels.errors import Unknown, fault
from aftercare.channels.kinds import ProviderKind
from aftercare.texts.render import Outgoing


class HttpSms:
    """A gateway that takes `{to, from, text, key}` as JSON, with the key as Idempotency-Key too.

    What kind it is, the settings say. One that can be asked answers a GET of its look-up address,
    with the key where that says {key} or else as `?key=`: 200 and `{id}` if it has accepted the
    message of that key, and 404 if not.
    """

    code = "http"

    def __init__(self) -> None:
        self.kind = _kind()
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
        answer = http.post(self._session, settings.SMS_HTTP_URL, json=body, headers=headers)
        return str(_field(answer, "id"))

    def lookup(self, key: UUID) -> str | None:
        url = settings.SMS_HTTP_LOOKUP_URL
        params = {} if "{key}" in url else {"key": str(key)}
        try:
            answer = self._session.get(
                url.replace("{key}", str(key)),
                params=params,
                timeout=http.TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unknown(f"it does not say: {fault(error)}") from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise Unknown(f"it does not say: {answer.status_code}")
        return str(_field(answer, "id"))

    def close(self) -> None:
        self._session.close()


class TwilioSms:
    """Twilio's Messages resource. Not idempotent: what is unknown stays in doubt (error 20500)."""

    code = "twilio"
    kind = ProviderKind.NONE

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.auth = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
        self._url = (
            f"{settings.TWILIO_API_URL}/2010-04-01/Accounts/"
            f"{settings.TWILIO_ACCOUNT_SID}/Messages.json"
        )

    def send(self, outgoing: Outgoing) -> str:
        form = {"To": outgoing.to, "From": settings.TWILIO_FROM, "Body": outgoing.text}
        if settings.SECURE:  # Twilio reports to public addresses only
            reports = f"{settings.PUBLIC_URL}/webhooks/twilio/status/?key={outgoing.key}"
            form["StatusCallback"] = reports
        return str(_field(http.post(self._session, self._url, data=form), "sid"))

    def lookup(self, key: UUID) -> str | None:
        raise Unknown("cannot be asked")

    def close(self) -> None:
        self._session.close()


class CaptureSms:
    """Keeps the SMS as files in `CLINIC_INBOX_DIR`, where the demo's inbox page shows them."""

    code = "capture"
    kind = ProviderKind.DEDUPE

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

    def lookup(self, key: UUID) -> str | None:
        return key.hex if (Path(settings.INBOX_DIR) / f"{key.hex}.sms.json").exists() else None

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


def _kind() -> ProviderKind:
    try:
        kind = ProviderKind(settings.SMS_HTTP_KIND)
    except ValueError:
        raise ImproperlyConfigured(
            f"SMS_HTTP_KIND is {settings.SMS_HTTP_KIND!r}; known are {', '.join(ProviderKind)}."
        ) from None
    if kind == ProviderKind.LOOKUP and not settings.SMS_HTTP_LOOKUP_URL:
        raise ImproperlyConfigured("SMS_HTTP_KIND is 'lookup', so SMS_HTTP_LOOKUP_URL is needed.")
    return kind


def _field(answer: requests.Response, name: str) -> object:
    try:
        return answer.json().get(name, "")
    except (ValueError, AttributeError):
        return ""  # accepted all the same: the status said so
