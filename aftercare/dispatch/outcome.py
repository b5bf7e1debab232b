"""What one try came to, and what becomes of the message then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from aftercare.channels import ProviderKind
from aftercare.models import Message, MessageAttempt, MessageStatus, Outcome
from aftercare.models.message import clean

LEASE = timedelta(seconds=settings.LEASE_SECONDS)
# Minutes until the next try after the first, second … that failed; then the message has failed.
# Half an hour of trouble at a provider costs three tries, and four hours are outlived.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180)]
MAX_ATTEMPTS = len(BACK_OFF) + 1


@dataclass(frozen=True)
class Tried:
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
    permanent: bool = False


def settle(message: Message, tried: Tried) -> None:
    """Write the try down and move the message on. The caller holds the row's lock."""
    keep(message, tried)
    match tried.outcome:
        case Outcome.ACCEPTED:
            message.record_acceptance(at=tried.at, provider_id=tried.provider_id)
        case Outcome.REFUSED:
            in_doubt = tried.kind == ProviderKind.DEDUPE and _may_have_arrived(message)
            _again(
                message, tried, if_not=MessageStatus.IN_DOUBT if in_doubt else MessageStatus.FAILED
            )
        case Outcome.UNKNOWN if tried.kind == ProviderKind.DEDUPE:
            _again(message, tried, if_not=MessageStatus.IN_DOUBT)
        case Outcome.UNKNOWN if tried.kind == ProviderKind.LOOKUP:
            # Asked at once, a provider may not know yet what it is still working on. When the
            # lease is over, the reaper asks.
            message.lease_until = tried.at + LEASE
            message.save()
        case _:
            message.end(MessageStatus.IN_DOUBT, tried.detail, at=tried.at)


def _may_have_arrived(message: Message) -> bool:
    """Whether nobody ever learned what came of one of its tries."""
    known = message.tries.filter(outcome__in=[Outcome.ACCEPTED, Outcome.REFUSED])
    return message.tries.exclude(number__in=known.values("number")).exists()


def _again(message: Message, tried: Tried, *, if_not: MessageStatus) -> None:
    if tried.permanent or message.attempts >= MAX_ATTEMPTS:
        message.end(if_not, tried.detail, at=tried.at)
    else:
        later = tried.at + BACK_OFF[message.attempts - 1]
        message.requeue(due_at=later, reason=tried.detail)


def keep(message: Message, tried: Tried) -> None:
    """Write down one try. Of the outcome of one try that is known already, nothing is added."""
    row = MessageAttempt(
        message=message,
        number=tried.number,
        provider=tried.provider,
        worker=tried.worker,
        started_at=tried.at,
        duration_ms=tried.duration_ms,
        outcome=tried.outcome,
        provider_id=clean(tried.provider_id, 200),
        detail=clean(tried.detail, 300),
    )
    MessageAttempt.objects.bulk_create([row], ignore_conflicts=True)
