"""What providers of SMS send to our webhooks."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from aftercare.models import Message, MessageStatus
from patients.models import Channel
from tests.factories import MessageFactory

NUMBER = "+4915123456789"
SECRET = "gateway-secret"
TWILIO = "twilio-secret"


def sign(body: bytes, *, t: float | None = None, secret: str = SECRET) -> str:
    stamp = str(int(time.time() if t is None else t))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def gateway(event: Any, **headers: Any) -> Any:
    """A request as the generic gateway sends it."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"X-Signature": sign(body), **headers}
    return Client().post("/webhooks/sms/", body, content_type="application/json", headers=headers)


def twilio(path: str, form: dict[str, str], *, secret: str = TWILIO, **changes: Any) -> Any:
    """A request as Twilio sends it."""
    url = f"https://clinic.example/webhooks/twilio/{path}"
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(mac).decode(), **changes.pop("headers", {})}
    return Client().post(
        f"/webhooks/twilio/{path}",
        urlencode(changes.pop("sent", form)),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


def report(message: Message, status: str, **changes: Any) -> dict[str, Any]:
    event = {"type": "status", "id": str(uuid4()), "key": str(message.key), "status": status}
    return {**event, **changes}


def sent_message(status: str = MessageStatus.SENT, **changes: Any) -> Message:
    values: dict[str, Any] = {"status": status, "attempts": 1, "channel": Channel.SMS}
    if status == MessageStatus.SENT:
        values["sent_at"] = timezone.now()
    elif status not in (MessageStatus.PENDING,):
        values["reason"] = "why"
    return MessageFactory(session__plan__patient__mobile=NUMBER, **{**values, **changes})


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.status
