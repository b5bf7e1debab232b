"""Twilio's webhooks: replies, answered in TwiML, and what became of our messages."""

import base64
import hashlib
import hmac
from uuid import UUID
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from aftercare.models import DeliveryReceipt, InboundMessage, ReceiptKind
from aftercare.replies import receipts
from aftercare.replies import receive as replies
from aftercare.webhooks.base import Forged, NotSetUp, text, webhook
from aftercare.webhooks.written import written_down

FORM = "application/x-www-form-urlencoded"
PROVIDER = "twilio"
KINDS: dict[str, ReceiptKind] = {
    "accepted": ReceiptKind.SENT,
    "queued": ReceiptKind.SENT,
    "sending": ReceiptKind.SENT,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.DELIVERED,
    "undelivered": ReceiptKind.FAILED,
    "failed": ReceiptKind.FAILED,
}
# Error codes of numbers that do not exist or take no SMS.
NO_SUCH_NUMBER = {"21211", "21614", "30005", "30006"}


@webhook(FORM)
def inbound(request: HttpRequest) -> HttpResponse:
    """A patient's reply. What we answer goes out as an SMS, the same on every repetition."""
    _require_signature(request)
    received = written_down(
        replies.receive_sms,
        replies.Incoming(
            sender=text(request.POST, "From", 254),
            to=text(request.POST, "To", 254, default=""),
            body=text(request.POST, "Body", 4_000, default=""),
            provider=PROVIDER,
            provider_id=text(request.POST, "MessageSid", 200),
            has_media=text(request.POST, "NumMedia", 3, default="0") not in ("", "0"),
        ),
        place="webhook-twilio-inbound",
        model=InboundMessage,
        at=timezone.now(),
    )
    message = f"<Message>{escape(received.reply)}</Message>" if received.reply else ""
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
    return HttpResponse(xml, content_type="text/xml; charset=utf-8")


@webhook(FORM)
def status(request: HttpRequest) -> HttpResponse:
    """What became of a message. Twilio names no time, and each status once per message."""
    _require_signature(request)
    sid = text(request.POST, "MessageSid", 100)
    state = text(request.POST, "MessageStatus", 40)
    code = text(request.POST, "ErrorCode", 20, default="")
    kind = KINDS.get(state)
    if kind == ReceiptKind.FAILED and code in NO_SUCH_NUMBER:
        kind = ReceiptKind.HARD_BOUNCE
    if kind is not None:
        at = timezone.now()
        written_down(
            receipts.receive,
            receipts.Report(
                provider=PROVIDER,
                event_id=f"{sid}:{state}",
                kind=kind,
                occurred_at=at,
                provider_id=sid,
                key=_key(request),
                address=text(request.POST, "To", 254, default=""),
                detail=f"{state}, error {code}" if code else "",
            ),
            place="webhook-twilio-status",
            model=DeliveryReceipt,
            at=at,
        )
    return HttpResponse(status=204)


def _key(request: HttpRequest) -> UUID | None:
    """Our own name of the message, from the address that we gave to Twilio with it."""
    try:
        return UUID(request.GET.get("key", ""))
    except ValueError:
        return None


def _require_signature(request: HttpRequest) -> None:
    """https://www.twilio.com/docs/usage/security: over the address as Twilio sees it, and every
    parameter in order. Raises Forged."""
    if not settings.TWILIO_AUTH_TOKEN:  # an empty secret would be everybody's
        raise NotSetUp("Set TWILIO_AUTH_TOKEN to use this webhook.")
    signed = settings.PUBLIC_URL + request.get_full_path()
    for name, values in sorted(request.POST.lists()):
        signed += "".join(name + value for value in sorted(set(values)))
    digest = hmac.new(
        settings.TWILIO_AUTH_TOKEN.encode(), signed.encode("utf-8", "replace"), hashlib.sha1
    ).digest()
    expected = base64.b64encode(digest).decode()
    if not constant_time_compare(expected, request.headers.get("X-Twilio-Signature", "")):
        raise Forged("X-Twilio-Signature is missing or wrong.")
