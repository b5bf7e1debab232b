"""No more SMS than a patient can stand: one a day and three a week. Warning signs are apart, and
so are a visit that is cancelled or moved, and what staff answer.

A day is the patient's own calendar day; a week is that day and the six before it, so that no
seven days in a row, however cut, have more than three. What may have arrived counts as arrived.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from aftercare.lifecycle import ACCEPTED
from aftercare.models import ANNOUNCES, NOT_PLANNED, Message, MessageStatus
from aftercare.planning.timing import pace
from clinic.db.locks import try_lock
from clinic.values.wallclock import day_bounds
from patients.models import Channel

PER_DAY = 1
PER_WEEK = 3
WEEK = timedelta(days=7)
APART = (*ANNOUNCES, *NOT_PLANNED)
RETRY_AFTER = timedelta(seconds=30)


class Turn(Enum):
    GO = auto()
    WAIT = auto()  # another SMS to this patient is under way: try again in RETRY_AFTER
    OVER = auto()  # the limit is reached


class Answer(NamedTuple):
    turn: Turn
    reason: str = ""


GO = Answer(Turn.GO)
WAIT = Answer(Turn.WAIT, "another SMS to this patient is under way")


def check(message: Message, *, at: datetime) -> Answer:
    """Whether this SMS may be sent now. Runs in the transaction that calls the provider.

    Note [One SMS at a time]
        Two workers with two SMS to one patient would each count none. So the count is taken
        under an advisory lock of the patient that lasts until the call is recorded. Who does not
        get it does not wait, for a call can take ten seconds: the message goes back for a moment.
        A message marked as SENDING whose row nobody has locked belongs to a worker that died or
        is about to begin: nobody knows yet whether it will count, so this one waits for it too.
    """
    step = message.step
    if message.channel != Channel.SMS or step.is_safety or step.anchor in APART:
        return GO
    others = Message.objects.filter(
        patient=message.patient_id, channel=Channel.SMS, step__is_safety=False
    ).exclude(Q(pk=message.pk) | Q(step__anchor__in=APART))
    if not try_lock(f"sms:{message.patient_id}") or _unclear(others):
        return WAIT
    day, week = _since(message, at)
    counted = Q(status__in=[*ACCEPTED, MessageStatus.IN_DOUBT])
    times = (
        others.filter(counted)
        .annotate(when=Coalesce("sent_at", "ended_at", "due_at"))
        .filter(when__gte=week)
        .values_list("when", flat=True)
    )
    when = list(times)
    if sum(moment >= day for moment in when) >= PER_DAY:
        return Answer(Turn.OVER, "the patient had an SMS today")
    if len(when) >= PER_WEEK:
        return Answer(Turn.OVER, f"the patient had {PER_WEEK} SMS in a week")
    return GO


def _unclear(others: "QuerySet[Message]") -> bool:
    """Whether one of them is marked as SENDING and nobody holds it."""
    sending = others.filter(status=MessageStatus.SENDING)
    return bool(sending.select_for_update(skip_locked=True, of=("self",)).values_list("pk"))


def _since(message: Message, at: datetime) -> tuple[datetime, datetime]:
    """Where the patient's day and week began. In a hurried demo both are as short as it says."""
    if (hurry := pace()) != 1:
        return at - WEEK / 7 * hurry, at - WEEK * hurry
    zone = message.patient.zone
    today = at.astimezone(zone).date()
    return day_bounds(today, zone)[0], day_bounds(today - timedelta(days=6), zone)[0]
