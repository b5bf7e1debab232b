"""The webhook for any SMS gateway: signed JSON, described in docs/messages.md."""

import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime

from aftercare.models import DeliveryReceipt, InboundMessage, ReceiptKind
from aftercare.replies import receipts
from aftercare.replies import receive as replies
from aftercare.webhooks.base import BadRequest, Forged, NotSetUp, text, webhook
from aftercare.webhooks.written import written_down

PROVIDER = "http"
TOLERANCE = timedelta(minutes=5)
SIGNATURE = re.compile(r"t=(?P<t>\d{1,12})(?P<signatures>(,\s*v1=[0-9a-f]{64}){1,3})")
KINDS: dict[str, ReceiptKind] = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "failed": ReceiptKind.FAILED,
    "unknown_number": ReceiptKind.HARD_BOUNCE,
    "complaint": ReceiptKind.COMPLAINT,
}


@webhook("application/json")
def sms(request: HttpRequest) -> HttpResponse:
    """A reply (`type: inbound`, answered with `{"reply": …}`) or a report (`type: status`)."""
    at = timezone.now()
    _require_signature(request, at=at)
    event = _json(request.body)
    if event.get("type") == "inbound":
        return JsonResponse({"reply": _inbound(event, at=at)})
    if event.get("type") == "status":
        _status(event, at=at)
        return JsonResponse({})
    raise BadRequest("“type” must be “inbound” or “status”.", field="type")


def _inbound(event: dict[str, Any], *, at: datetime) -> str:
    received = written_down(
        replies.receive_sms,
        replies.Incoming(
            sender=text(event, "from", 254),
            to=text(event, "to", 254, default=""),
            body=text(event, "text", 4_000, default=""),
            provider=PROVIDER,
            provider_id=text(event, "id", 200),
            has_media=_flag(event, "has_media"),
        ),
        place="webhook-sms",
        model=InboundMessage,
        at=at,
    )
    return received.reply


def _flag(event: dict[str, Any], name: str) -> bool:
    given = event.get(name, False)
    if not isinstance(given, bool):
        raise BadRequest(f"“{name}” must be true or false.", field=name)
    return given


def _status(event: dict[str, Any], *, at: datetime) -> None:
    kind = KINDS.get(text(event, "status", 40))
    if kind is None:
        raise BadRequest(f"“status” must be one of {', '.join(KINDS)}.", field="status")
    written_down(
        receipts.receive,
        receipts.Report(
            provider=PROVIDER,
            event_id=text(event, "id", 200),
            kind=kind,
            occurred_at=_occurred(event, at=at),
            provider_id=text(event, "message_id", 200, default=""),
            key=_key(event),
            address=text(event, "to", 254, default=""),
            detail=text(event, "detail", 300, default=""),
        ),
        place="webhook-sms",
        model=DeliveryReceipt,
        at=at,
    )


def _key(event: dict[str, Any]) -> UUID | None:
    key = text(event, "key", 40, default="")
    if not key and not event.get("message_id"):
        raise BadRequest("Name the message by our “key” or by your “message_id”.", field="key")
    try:
        return UUID(key) if key else None
    except ValueError:
        raise BadRequest(
            "“key” must be the UUID that the message came with.", field="key"
        ) from None


def _occurred(event: dict[str, Any], *, at: datetime) -> datetime:
    """When it happened; never later than now."""
    given = text(event, "at", 40, default="")
    try:
        moment = parse_datetime(given) if given else at
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year < 2000:
        raise BadRequest("“at” must be an ISO 8601 time with its offset.", field="at")
    return min(moment, at)


def _json(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("The body is no JSON.") from None
    if not isinstance(event, dict):
        raise BadRequest("The body must be a JSON object.")
    return event


def _require_signature(request: HttpRequest, *, at: datetime) -> None:
    """`X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`; more than one v1 while
    the secret is being changed. Raises Forged."""
    if not settings.SMS_WEBHOOK_SECRET:  # an empty secret would be everybody's
        raise NotSetUp("Set SMS_WEBHOOK_SECRET to use this webhook.")
    header = SIGNATURE.fullmatch(request.headers.get("X-Signature", ""))
    if header is None:
        raise Forged("X-Signature must be t=<seconds>,v1=<hex>.")
    signed = header["t"].encode() + b"." + request.body
    secret = settings.SMS_WEBHOOK_SECRET.encode()
    expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    given = re.findall(r"[0-9a-f]{64}", header["signatures"])
    if not any(constant_time_compare(expected, one) for one in given):
        raise Forged("X-Signature is wrong.")
    if abs(at.timestamp() - int(header["t"])) > TOLERANCE.total_seconds():
        raise Forged("X-Signature is older than five minutes, or of the future.")
