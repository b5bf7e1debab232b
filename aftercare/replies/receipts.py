"""What providers report later: written down once, and the message moves forward, never back."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Subquery

from aftercare.lifecycle import OPEN
from aftercare.models import (
    AddressSource,
    DeliveryReceipt,
    Message,
    MessageAttempt,
    MessageStatus,
    ReceiptKind,
)
from aftercare.models.message import clean
from aftercare.replies import opt_out
from clinic.db.retries import retried_transaction
from patients.models import TaskKind
from patients.services import finish_source, raise_task

logger = logging.getLogger(__name__)
REFUSED_BY: dict[str, str] = {
    ReceiptKind.HARD_BOUNCE: AddressSource.HARD_BOUNCE,
    ReceiptKind.COMPLAINT: AddressSource.COMPLAINT,
}


@dataclass(frozen=True)
class Report:
    """One event of a provider. `key` or `provider_id` name the message, `event_id` the event."""

    provider: str
    event_id: str
    kind: str
    occurred_at: datetime
    provider_id: str = ""
    key: UUID | None = None
    address: str = ""  # where it went; the patient's may have been corrected since
    detail: str = ""


@retried_transaction
def receive(report: Report, *, at: datetime) -> DeliveryReceipt | None:
    """Take in one report; None if it is a repetition, or about a message that is not ours.

    1. Find the message and lock its row: a call in flight ends first.
    2. Write the receipt, once.
    3. Move the message forward, and keep bad addresses from being written to again.
    """
    message = _locked(report)
    if message is None:
        logger.info("%s reports on an unknown message: %s", report.provider, report.kind)
        return None
    receipt, is_new = DeliveryReceipt.objects.get_or_create(
        provider=report.provider,
        event_id=report.event_id,
        defaults={
            "message": message,
            "kind": report.kind,
            "occurred_at": report.occurred_at,
            "received_at": at,
            "detail": clean(report.detail, 300),
        },
    )
    if not is_new:
        return None
    source = REFUSED_BY.get(report.kind)
    if source:
        _give_up_address(message, report, source, at=at)
    if message.attempts and _move(message, report, at=at) and not source:
        finish_source(source=task_source(message), at=at, by=None, note="the provider has reported")
    return receipt


def task_source(message: Message) -> str:
    """What the task of a message that needs a person is named after."""
    return f"message:{message.pk}"


def _locked(report: Report) -> Message | None:
    rows = Message.objects.locked().select_related("patient__clinic", "clinic", "step")
    if report.key is not None:
        return rows.filter(pk=report.key).first()
    tries = MessageAttempt.objects.filter(
        provider=report.provider, provider_id=report.provider_id
    ).exclude(provider_id="")
    # equal to one key, not in a list: see Note [Found by their keys] in clinic.db.among
    return rows.filter(pk=Subquery(tries.values("message")[:1])).first()


def _move(message: Message, report: Report, *, at: datetime) -> bool:
    """Whether the report settles what was open: that the message has arrived, or was accepted."""
    match report.kind:
        case ReceiptKind.SENT:
            if message.status not in (*OPEN, MessageStatus.IN_DOUBT):
                return False
            message.record_acceptance(at=report.occurred_at, provider_id=report.provider_id)
            return True
        case ReceiptKind.DELIVERED | ReceiptKind.COMPLAINT:  # who complains has got it
            return message.record_delivery(at=report.occurred_at)
        case ReceiptKind.HARD_BOUNCE | ReceiptKind.FAILED:
            message.record_bounce(report.detail or report.kind.lower(), at=at)
    return False


def _give_up_address(message: Message, report: Report, source: str, *, at: datetime) -> None:
    """Nothing more to this address, and the desk is told why.

    Comes before the message ends, so that this is its one task.
    """
    address = report.address or message.address
    opt_out.record(
        channel=message.channel,
        address=address,
        granted=False,
        source=source,
        wording=report.detail or report.kind,
        at=at,
        message=message,
    )
    if source == AddressSource.COMPLAINT:
        title, todo = "Reported our message as spam", "Ask whether we may write at all."
    else:
        title, todo = "Address does not work", "Ask the patient for the right one."
    finish_source(source=task_source(message), at=at, by=None, note="the provider has reported")
    raise_task(
        clinic=message.clinic,
        patient=message.patient,
        kind=TaskKind.BAD_ADDRESS,
        title=f"{title}: {message.patient}, {message.get_channel_display()}",
        detail=f"{address}\n{report.detail}\n{todo}",
        source=task_source(message),
        at=at,
    )
