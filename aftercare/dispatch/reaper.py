"""What workers have left behind, and what nobody could send in time. See Note [Message lease]."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from time import monotonic
from uuid import UUID

from django.db import DatabaseError, transaction

from aftercare.channels import Channel, Channels, ProviderKind, Unknown
from aftercare.dispatch.outcome import LEASE, MAX_ATTEMPTS, AttemptResult, record_attempt
from aftercare.models import Message, MessageStatus, Outcome
from aftercare.models.message import MessageQuerySet

logger = logging.getLogger(__name__)

ASK_FOR = timedelta(minutes=30)  # a provider that cannot say, and then the message is in doubt
AT_ONCE = 200
DIED = "the worker died while sending"


def reap(*, at: datetime, channels: Channels, until: float = inf) -> None:
    """Take care of what dead workers left behind. Locked rows are alive, and skipped.

    Ends at the moment `until` of the monotonic clock: a provider that is asked may be slow.
    """
    left = Message.objects.filter(lease_until__lte=at)
    with transaction.atomic(durable=True):
        unsent = left.filter(status=MessageStatus.CLAIMED).select_for_update(skip_locked=True)
        Message.objects.filter(pk__in=unsent.values("pk")).requeue()
    orphans = left.filter(status=MessageStatus.SENDING).order_by("lease_until")
    for message_id in list(orphans.values_list("pk", flat=True)[:AT_ONCE]):
        if monotonic() >= until:
            return
        _with_lock(message_id, left, lambda message: _decide(message, at=at, channels=channels))


def expire(*, at: datetime) -> None:
    """End what waits for longer than it helps, whether or not a worker could have sent it."""
    late = Message.objects.filter(status=MessageStatus.PENDING, expires_at__lte=at)
    for message_id in list(late.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE]):
        _with_lock(message_id, late, lambda message: _expire(message, at=at))


def _expire(message: Message, *, at: datetime) -> None:
    tried = f"; last try: {message.reason}" if message.reason else ""
    message.end(MessageStatus.EXPIRED, f"too late to be useful{tried}", at=at)


def _with_lock(message_id: UUID, rows: MessageQuerySet, act: Callable[[Message], None]) -> None:
    """Lock one of `rows`, if it still is one and nobody holds it, and act on it. A row that
    cannot be dealt with must not keep the others waiting."""
    try:
        with transaction.atomic(durable=True):
            locked = rows.filter(pk=message_id).select_for_update(skip_locked=True, of=("self",))
            if message := locked.first():
                act(message)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("message %s cannot be looked after", message_id)


def _decide(message: Message, *, at: datetime, channels: Channels) -> None:
    """Decide about a message that nobody sends any more, by the kind of its provider."""
    if message.status != MessageStatus.SENDING:
        return
    channel = channels[message.channel]
    died = AttemptResult(
        outcome=Outcome.DIED,
        provider=channel.code,
        kind=channel.kind,
        worker=message.worker,
        number=message.attempts,
        at=(message.lease_until or at) - LEASE,
        detail=DIED,
    )
    first = message.tries.filter(number=message.attempts).order_by("started_at").first()
    if first is None:  # otherwise the worker lived, but could not know
        record_attempt(message, died)
    match channel.kind:
        case ProviderKind.NONE:
            message.end(MessageStatus.IN_DOUBT, DIED, at=at)
        case ProviderKind.DEDUPE:
            _requeue_or_end(message, at=at, reason=DIED, if_not=MessageStatus.IN_DOUBT)
        case ProviderKind.LOOKUP:
            called = replace(died, at=first.started_at) if first else died
            _look_up(message, called, at=at, channel=channel)


def _look_up(message: Message, called: AttemptResult, *, at: datetime, channel: Channel) -> None:
    """Ask the provider what came of the call."""
    try:
        provider_id = channel.lookup(message.key)
    except Unknown as error:
        if at - called.at >= ASK_FOR:
            message.end(MessageStatus.IN_DOUBT, str(error), at=at)
        else:
            message.lease_until = at + LEASE
            message.save()
        return
    answer = replace(called, at=at, detail="the provider was asked")
    if provider_id is None:
        record_attempt(message, replace(answer, outcome=Outcome.REFUSED))
        said = "not accepted, says the provider"
        _requeue_or_end(message, at=at, reason=said, if_not=MessageStatus.FAILED)
    else:
        accepted = replace(answer, outcome=Outcome.ACCEPTED, provider_id=provider_id)
        record_attempt(message, accepted)
        message.record_acceptance(at=called.at, provider_id=provider_id)


def _requeue_or_end(message: Message, *, at: datetime, reason: str, if_not: MessageStatus) -> None:
    if message.attempts < MAX_ATTEMPTS:
        message.requeue(due_at=at, reason=reason)
    else:
        message.end(if_not, f"{reason}, at the last of {MAX_ATTEMPTS} tries", at=at)
