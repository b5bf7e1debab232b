"""What one try came to, and what becomes of the message then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from aftercare.channels import ProviderKind
from aftercare.channels.blame import Blame
from aftercare.dispatch import outages
from aftercare.models import Message, MessageAttempt, MessageStatus, Outcome
from aftercare.models.message import clean
from clinic.db.rows import Insert

LEASE = timedelta(seconds=settings.LEASE_SECONDS)
# Minutes until the next try after the first, second … that failed; then the message has failed.
# Half an hour of trouble at a provider costs three tries, and four hours are outlived.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180)]
MAX_ATTEMPTS = len(BACK_OFF) + 1
ATTEMPTS = Insert(MessageAttempt)


@dataclass(frozen=True)
class AttemptResult:
    """One try of one worker, told apart from what is done about it: if the database is lost, the
    worker still knows."""

    outcome: Outcome
    provider: str
    kind: ProviderKind
    worker: str
    number: int
    at: datetime
    duration_ms: int | None = None
    provider_id: str = ""
    detail: str = ""
    blame: Blame | None = None  # of what was refused


def record(message: Message, result: AttemptResult) -> bool:
    """Write the try down and move the message on. The caller holds the row's lock.

    Returns whether the message's channel rests now, because the next message would fare no better:
    see Note [Outage].
    """
    is_refusal_of_us = result.outcome == Outcome.REFUSED and result.blame == Blame.SERVICE
    if is_refusal_of_us and outages.begin(message, result.detail, at=result.at):
        message.attempts -= 1  # no try of this message's: it is as due as it was
        message.requeue(due_at=message.due_at, reason=result.detail)
        return True
    record_attempt(message, result)
    _move(message, result)
    is_unknown = result.outcome == Outcome.UNKNOWN
    return is_unknown and outages.begin(message, result.detail, at=result.at)


def _move(message: Message, result: AttemptResult) -> None:
    match result.outcome:
        case Outcome.ACCEPTED:
            message.record_acceptance(at=result.at, provider_id=result.provider_id)
        case Outcome.REFUSED:
            in_doubt = result.kind == ProviderKind.DEDUPE and _may_have_arrived(message)
            _requeue_or_end(
                message, result, if_not=MessageStatus.IN_DOUBT if in_doubt else MessageStatus.FAILED
            )
        case Outcome.UNKNOWN if result.kind == ProviderKind.DEDUPE:
            _requeue_or_end(message, result, if_not=MessageStatus.IN_DOUBT)
        case Outcome.UNKNOWN if result.kind == ProviderKind.LOOKUP:
            # Asked at once, a provider may not know yet what it is still working on. When the
            # lease is over, the reaper asks.
            message.lease_until = result.at + LEASE
            message.save()
        case _:
            message.end(MessageStatus.IN_DOUBT, result.detail, at=result.at)


def _may_have_arrived(message: Message) -> bool:
    """Whether nobody ever learned what came of one of its tries."""
    known = message.tries.filter(outcome__in=[Outcome.ACCEPTED, Outcome.REFUSED])
    return message.tries.exclude(number__in=known.values("number")).exists()


def _requeue_or_end(message: Message, result: AttemptResult, *, if_not: MessageStatus) -> None:
    if result.blame == Blame.RECIPIENT or message.attempts >= MAX_ATTEMPTS:
        message.end(if_not, result.detail, at=result.at)
    else:
        later = result.at + BACK_OFF[message.attempts - 1]
        message.requeue(due_at=later, reason=result.detail)


def record_attempt(message: Message, result: AttemptResult) -> None:
    """Write down one try. Of the outcome of one try that is known already, nothing is added."""
    attempt = MessageAttempt(
        message=message,
        number=result.number,
        provider=result.provider,
        worker=result.worker,
        started_at=result.at,
        duration_ms=result.duration_ms,
        outcome=result.outcome,
        provider_id=clean(result.provider_id, 200),
        detail=clean(result.detail, 300),
    )
    ATTEMPTS.one(attempt)
