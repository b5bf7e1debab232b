"""The re-check at the last moment: whether a message still makes sense.

Small rules in an order: the first that objects decides. They are asked behind the message's lock
and the lock on its address, with the message read afresh, so nothing that they look at changes
until the provider has answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aftercare.dispatch import sms_limit
from aftercare.models import TREATED, Anchor, CareStep, Message, MessageStatus
from aftercare.planning import conditions
from aftercare.planning.announcements import allowed_at
from aftercare.planning.plan import WITHDRAWN
from clinic.models import in_words
from patients.models import Purpose
from sessions.lifecycle import Status


@dataclass(frozen=True)
class Verdict:
    """Why a message does not go out now: it ends with `status`, or waits until `due_at`."""

    status: MessageStatus
    reason: str
    due_at: datetime | None = None  # of what stays PENDING


STANDS_STILL = "a grave report or side effect of the patient is open"
LOOK_AGAIN = timedelta(hours=1)  # whoever closes it sends on at once: aftercare.receivers
Rule = Callable[[Message, datetime], Verdict | None]


def session_fits(message: Message, at: datetime) -> Verdict | None:
    status = message.session.status
    if status in conditions.FITS[message.step.anchor]:
        return None
    return Verdict(MessageStatus.CANCELLED, f"the session is {in_words(Status, status)}")


def still_useful(message: Message, at: datetime) -> Verdict | None:
    if at < message.expires_at:
        return None
    return Verdict(MessageStatus.EXPIRED, "too late to be useful")


def patient_is_ours(message: Message, at: datetime) -> Verdict | None:
    if message.patient.archived_at is None:
        return None
    return Verdict(MessageStatus.SUPPRESSED, "the patient's record is archived")


def has_address(message: Message, at: datetime) -> Verdict | None:
    if message.address:
        return None
    return Verdict(MessageStatus.SUPPRESSED, "the patient has no address for this channel")


def patient_has_agreed(message: Message, at: datetime) -> Verdict | None:
    if message.permission.has_agreed:
        return None
    return Verdict(MessageStatus.SUPPRESSED, "the patient has not agreed to this channel")


def address_has_not_refused(message: Message, at: datetime) -> Verdict | None:
    """Behind the lock on the address: see Note [Opt-out and calls in flight] in opt_out."""
    why = message.permission.refusal
    return Verdict(MessageStatus.SUPPRESSED, why) if why else None


def recall_is_news(message: Message, at: datetime) -> Verdict | None:
    """Who has read it by the other channel, or was called, is not told once more."""
    notice = message.recall_notice if message.recall_notice_id else None
    if notice is None or not notice.is_settled:
        return None
    return Verdict(MessageStatus.CANCELLED, "the patient knows of the recall")


def nothing_grave_is_open(message: Message, at: datetime) -> Verdict | None:
    """Nobody is asked how the skin is, thanked or invited while a grave report or side effect of
    it is open. Warning signs, and what is said of a visit that is booked, go out all the same."""
    if not (message.permission.stands_still and is_routine(message.step)):
        return None
    return Verdict(MessageStatus.PENDING, STANDS_STILL, at + LOOK_AGAIN)


def is_routine(step: CareStep) -> bool:
    follows = step.anchor in (*TREATED, Anchor.MISSED)
    return (follows or step.purpose != Purpose.CARE) and not step.is_safety


def no_quiet_hour(message: Message, at: datetime) -> Verdict | None:
    due = allowed_at(message, at)
    return None if due == at else Verdict(MessageStatus.PENDING, "quiet hours", due)


def conditions_are_met(message: Message, at: datetime) -> Verdict | None:
    if why := conditions.unmet_now(message):
        return Verdict(MessageStatus.CANCELLED, WITHDRAWN + why)
    return None


def within_sms_limit(message: Message, at: datetime) -> Verdict | None:
    """Last, for it takes a lock: see Note [One SMS at a time] in sms_limit."""
    turn, reason = sms_limit.check(message, at=at)
    if turn is sms_limit.Turn.WAIT:
        return Verdict(MessageStatus.PENDING, reason, at + sms_limit.RETRY_AFTER)
    return Verdict(MessageStatus.SUPPRESSED, reason) if turn is sms_limit.Turn.OVER else None


# What ends a message comes before what only puts it off.
RULES: list[Rule] = [
    session_fits,
    conditions_are_met,
    recall_is_news,
    still_useful,
    patient_is_ours,
    has_address,
    patient_has_agreed,
    address_has_not_refused,
    nothing_grave_is_open,
    no_quiet_hour,
    within_sms_limit,
]


def verdict(message: Message, at: datetime) -> Verdict | None:
    """The first objection to sending `message` now, if there is one."""
    return next((found for rule in RULES if (found := rule(message, at))), None)
