"""What must be heard in time: a visit that is cancelled or moved, for whoever does not hear of it
comes in vain; and what staff answer, for whoever has written waits."""

from datetime import datetime, timedelta

from aftercare.models import ANNOUNCES, AT_ONCE, Anchor, CareStep, Message
from aftercare.planning.timing import ON_THE_WAY, next_allowed
from sessions.models import TreatmentSession

BOTH_CHANNELS_WITHIN = timedelta(hours=48)
QUIET_HOURS_HOLD_BEFORE = timedelta(hours=12)
JUST_BEFORE = timedelta(hours=36)  # a visit of tomorrow


def would_come_at(step: CareStep, session: TreatmentSession, at: datetime) -> datetime:
    """When somebody who has not heard of it would come: of a moved visit to the earlier of both
    times, if that is still ahead."""
    if step.anchor != Anchor.MOVED or session.rescheduled_from is None:
        return session.starts_at
    soonest = min(session.rescheduled_from.starts_at, session.starts_at)
    return soonest if soonest > at else session.starts_at


def needs_both_channels(step: CareStep, session: TreatmentSession, told_at: datetime) -> bool:
    """So close to the visit nobody can wait to see whether the first channel is read."""
    if step.anchor not in ANNOUNCES:
        return False
    return would_come_at(step, session, told_at) - told_at <= BOTH_CHANNELS_WITHIN


def told_just_before(session: TreatmentSession, booked_at: datetime) -> bool:
    """Whether the message of its booking, or of its move, is reminder enough: it goes out in the
    last day and a half, and in time."""
    if session.starts_at - booked_at >= JUST_BEFORE:
        return False
    goes_out = next_allowed(booked_at, session.clinic, session.patient.zone)
    return goes_out < session.starts_at - ON_THE_WAY


def loud_from(step: CareStep, session: TreatmentSession, at: datetime) -> datetime | None:
    """From when on quiet hours do not hold it: better woken than on the way in vain."""
    if step.anchor not in ANNOUNCES:
        return None
    return would_come_at(step, session, at) - QUIET_HOURS_HOLD_BEFORE


def allowed_at(message: Message, at: datetime) -> datetime:
    """`at`, or when the quiet hours no longer hold this message."""
    if message.step.anchor in AT_ONCE:
        return at
    allowed = next_allowed(at, message.clinic, message.patient.zone)
    loud = loud_from(message.step, message.session, at) if allowed > at else None
    return min(allowed, max(at, loud)) if loud else allowed
