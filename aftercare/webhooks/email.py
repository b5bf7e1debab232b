"""What e-mail providers report, through the signal of django-anymail, which checks its secret."""

from typing import Any
from uuid import UUID

from anymail.signals import tracking
from django.dispatch import receiver
from django.utils import timezone

from aftercare.models import AddressConsent, AddressSource, DeliveryReceipt, ReceiptKind
from aftercare.replies import opt_out, receipts
from aftercare.webhooks.written import written_down
from patients.models import Channel

PROVIDER = "anymail"
KINDS: dict[str, ReceiptKind] = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "deferred": ReceiptKind.SOFT_BOUNCE,
    "bounced": ReceiptKind.HARD_BOUNCE,
    "complained": ReceiptKind.COMPLAINT,
    "rejected": ReceiptKind.FAILED,
    "failed": ReceiptKind.FAILED,
}
SOFT = {"SoftBounce", "Transient", "DnsError"}
NO_SUCH_MAILBOX = {"bounced", "invalid"}  # reasons of a rejection


@receiver(tracking)
def take_in(sender: Any, event: Any, esp_name: str, **_: Any) -> None:
    at = timezone.now()
    if event.event_type == "unsubscribed" and event.recipient:
        written_down(
            opt_out.record,
            place="webhook-email",
            model=AddressConsent,
            channel=Channel.EMAIL,
            address=event.recipient,
            granted=False,
            source=AddressSource.UNSUBSCRIBE_LINK,
            wording=f"unsubscribed at {esp_name}",
            at=at,
        )
        return
    kind = KINDS.get(event.event_type)
    if event.event_type == "rejected" and event.reject_reason in NO_SUCH_MAILBOX:
        kind = ReceiptKind.HARD_BOUNCE
    if kind == ReceiptKind.HARD_BOUNCE and _is_soft(event.esp_event):
        kind = ReceiptKind.SOFT_BOUNCE
    if kind is None:
        return  # opened, clicked and the like are nobody's business
    occurred_at = min(event.timestamp or at, at)
    message_id = str(event.message_id or "")
    # Not every provider numbers its events: then the same thing of the same second is one.
    event_id = event.event_id or f"{message_id}:{event.event_type}:{occurred_at:%Y%m%d%H%M%S}"
    written_down(
        receipts.receive,
        receipts.Report(
            provider=PROVIDER,
            event_id=str(event_id)[:200],
            kind=kind,
            occurred_at=occurred_at,
            provider_id=message_id[:200],
            key=_key(event.metadata),
            address=event.recipient or "",
            detail=str(event.mta_response or event.description or "").replace("\0", "")[:300],
        ),
        place="webhook-email",
        model=DeliveryReceipt,
        at=at,
    )


def _is_soft(reported: Any) -> bool:
    """A full mailbox and the like, which anymail does not tell from a bounce: Postmark's words."""
    return isinstance(reported, dict) and reported.get("Type") in SOFT


def _key(metadata: Any) -> UUID | None:
    """Our own name of the message, where the provider gives back what it was sent with."""
    try:
        return UUID(str((metadata or {}).get("key", "")))
    except ValueError:
        return None
