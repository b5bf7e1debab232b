"""Sending what is due: claim, mark, call, reap. The whole story is in docs/messages.md.

Note [Message lease]
    A worker claims messages for LEASE and says so in the row. CLAIMED is provably unsent: when
    the lease is over, the message goes back into the queue. SENDING is committed *before* the
    provider is called, and the row stays locked *during* the call: a row that is SENDING and not
    locked when its lease is over belongs to a worker that died, perhaps after the provider had
    accepted. Such a message is sent again only if the provider de-duplicates by its key; else it
    is IN_DOUBT, for a person to decide. A lease alone cannot tell dead from slow, the lock can,
    because it ends with the connection.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from django.db import OperationalError, transaction
from django.db.models import F

from aftercare.channels import Channel, Channels, Refused, Unknown
from aftercare.models import Message, MessageStatus
from aftercare.rendering import render, template_for
from aftercare.services import FITS
from aftercare.timing import in_quiet_hours, outside_quiet_hours
from patients.models import Channel as ChannelName
from patients.models import ContactConsent
from sessions.models import TreatmentSession

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
BATCH = 10
# Minutes until the next try after the first, second … refusal; then the message has failed.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180)]
MAX_ATTEMPTS = len(BACK_OFF) + 1

# Accepted by the provider while the database was lost before it could be told: written on the
# next run of this process, even if a reaper has put the row in doubt meanwhile.
_unrecorded: dict[UUID, tuple[datetime, str]] = {}


def send_due(
    *, clock: Callable[[], datetime], max_messages: int = 200, max_seconds: float = 20
) -> int:
    """Send what is due, bounded so that a worker can be stopped at any time; returns how many
    messages were called for. `clock` tells the time (UTC) whenever it is needed."""
    worker = uuid4().hex
    ends = monotonic() + max_seconds
    called = 0
    record_accepted()
    with Channels() as channels:
        reap(at=clock(), channels=channels)
        while called < max_messages and monotonic() < ends:
            ids = claim(worker=worker, at=clock(), limit=min(BATCH, max_messages - called))
            if not ids:
                break
            for message_id in ids:
                if mark(message_id, worker=worker, at=clock()):
                    call(message_id, worker=worker, at=clock(), channels=channels)
                    called += 1
    return called


def claim(*, worker: str, at: datetime, limit: int) -> list[UUID]:
    """Reserve up to `limit` due messages for this worker, oldest first."""
    with transaction.atomic(durable=True):
        due = Message.objects.due(at).order_by("due_at", "id")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        Message.objects.filter(pk__in=ids).update(
            status=MessageStatus.CLAIMED, worker=worker, lease_until=at + LEASE
        )
    return ids


def mark(message_id: UUID, *, worker: str, at: datetime) -> bool:
    """Commit that the provider is about to be called. False if the message is no longer ours:
    cancelled meanwhile, or the lease ran out and another worker has it."""
    ours = Message.objects.filter(
        pk=message_id, status=MessageStatus.CLAIMED, worker=worker, lease_until__gt=at
    )
    return (
        ours.update(
            status=MessageStatus.SENDING, attempts=F("attempts") + 1, lease_until=at + LEASE
        )
        == 1
    )


def call(message_id: UUID, *, worker: str, at: datetime, channels: Channels) -> None:
    """Send one marked message while its row is locked, and record what came of it.

    1. Lock the row; another worker or a cancellation may have been faster.
    2. Re-check, with fresh reads behind the lock, whether it still makes sense.
    3. Call the provider and write down the outcome, in the transaction that holds the lock.
    """
    try:
        with transaction.atomic(durable=True):
            locked = Message.objects.filter(
                pk=message_id, status=MessageStatus.SENDING, worker=worker
            )
            if not locked.select_for_update(of=("self",)).exists():
                return
            message = Message.objects.select_related("clinic", "patient__clinic", "step").get(
                pk=message_id
            )
            if not _end_if_pointless(message, at=at):
                _send(message, at=at, channel=channels[message.channel])
    except OperationalError:
        logger.error("the database was lost while message %s was being sent", message_id)
        raise
    _unrecorded.pop(message_id, None)


def _send(message: Message, *, at: datetime, channel: Channel) -> None:
    try:
        message.template = template_for(message)
        outgoing = render(message, message.template)
    except Exception as error:  # whatever a text does wrong, it is certain that nothing was sent
        logger.exception("message %s cannot be put into words", message.pk)
        message.end(MessageStatus.FAILED, f"no text: {type(error).__name__}: {error}"[:300])
        return
    try:
        provider_id = channel.send(outgoing)
    except Refused as error:
        if error.permanent or message.attempts >= MAX_ATTEMPTS:
            message.end(MessageStatus.FAILED, str(error))
        else:
            message.put_back(due_at=at + BACK_OFF[message.attempts - 1], reason=str(error))
    except Unknown as error:
        if channel.dedupes and message.attempts < MAX_ATTEMPTS:
            message.put_back(due_at=at + BACK_OFF[message.attempts - 1], reason=str(error))
        else:
            message.end(MessageStatus.IN_DOUBT, str(error))
    else:
        _unrecorded[message.pk] = (at, provider_id)
        message.accepted(at=at, provider_id=provider_id)


def _end_if_pointless(message: Message, *, at: datetime) -> bool:
    """The re-check at the last moment: end or put off what should not go out now."""
    patient, step = message.patient, message.step
    status = TreatmentSession.objects.values_list("status", flat=True).get(pk=message.session_id)
    address = patient.email if message.channel == ChannelName.EMAIL else patient.mobile
    consent = ContactConsent.objects.granted(
        patient_id=patient.pk, channel=message.channel, purpose=step.purpose
    )
    if status not in FITS[step.anchor]:
        message.end(MessageStatus.CANCELLED, f"the session is {status}")
    elif at >= message.expires_at:
        message.end(MessageStatus.EXPIRED, "too late to be useful")
    elif patient.archived_at:
        message.end(MessageStatus.SUPPRESSED, "the patient's record is archived")
    elif not address:
        message.end(MessageStatus.SUPPRESSED, "the patient has no address for this channel")
    elif not consent:
        message.end(MessageStatus.SUPPRESSED, "the patient has not agreed to this channel")
    elif in_quiet_hours(at, message.clinic, patient.zone):
        message.attempts -= 1  # nothing was tried
        allowed = outside_quiet_hours(at, message.clinic, patient.zone)
        message.put_back(due_at=allowed, reason="quiet hours")
    else:
        return False
    return True


def reap(*, at: datetime, channels: Channels) -> None:
    """Take care of what dead workers left behind. Locked rows are alive, and skipped."""
    with transaction.atomic(durable=True):
        left = Message.objects.filter(
            status__in=(MessageStatus.CLAIMED, MessageStatus.SENDING), lease_until__lte=at
        )
        for message in left.select_for_update(skip_locked=True, of=("self",)):
            if message.status == MessageStatus.CLAIMED:
                message.put_back(due_at=message.due_at, reason="")
            elif not channels[message.channel].dedupes:
                message.end(MessageStatus.IN_DOUBT, "the worker died while sending")
            elif message.attempts < MAX_ATTEMPTS:
                message.put_back(due_at=at, reason="the worker died while sending")
            else:
                message.end(MessageStatus.FAILED, "every worker that sent this died")


def record_accepted() -> None:
    """Write down what a provider accepted while the database was away."""
    for message_id, (at, provider_id) in list(_unrecorded.items()):
        with transaction.atomic(durable=True):
            message = Message.objects.locked().get(pk=message_id)
            if message.status not in (MessageStatus.SENT, MessageStatus.DELIVERED):
                message.accepted(at=at, provider_id=provider_id)
        _unrecorded.pop(message_id, None)
