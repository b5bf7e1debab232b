"""Everything that can happen to messages, short of sending (dispatch)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from aftercare.models import (
    Anchor,
    CareStep,
    Message,
    MessageStatus,
    MessageTemplate,
)
from aftercare.timing import due_at, outside_quiet_hours
from clinic.errors import Conflict
from clinic.models import User
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TreatmentSession

# A step only makes sense while the session is in one of these statuses.
FITS: dict[str, tuple[Status, ...]] = {
    Anchor.BOOKED: UPCOMING,
    Anchor.STARTS: UPCOMING,
    Anchor.COMPLETED: (Status.COMPLETED,),
}


class NotCancellable(Conflict):
    code = "not_cancellable"
    title = "This message cannot be cancelled"


class NotResendable(Conflict):
    code = "not_resendable"
    title = "This message cannot be sent again"


class NotInDoubt(Conflict):
    code = "not_in_doubt"
    title = "This message is not in doubt"


def plan_messages(*, session: TreatmentSession, anchors: list[Anchor], at: datetime) -> None:
    """Put the messages of all steps with these anchors into the outbox, in the caller's
    transaction. Idempotent: a message that is planned already stays as it is.

    What would come too late to be useful is left out. What the patient has no address or
    consent for is planned all the same, and suppressed with its reason when it is due: either
    may still be given.
    """
    starts: dict[str, datetime | None] = {
        Anchor.BOOKED: at,
        Anchor.STARTS: session.starts_at,
        Anchor.COMPLETED: session.completed_at,
    }
    zone = session.patient.zone
    messages = []
    for step in CareStep.objects.filter(is_active=True, anchor__in=anchors):
        anchor = starts[step.anchor]
        if anchor is None:
            continue
        due = due_at(anchor, step.offset, zone)
        expires = due + step.useful_for
        latest = None
        if step.anchor == Anchor.STARTS:
            expires = latest = min(expires, session.starts_at)
        if expires <= at:
            continue
        due = max(at, outside_quiet_hours(due, session.clinic, zone, latest=latest))
        messages += [
            Message(
                clinic_id=session.clinic_id,
                patient_id=session.patient_id,
                session=session,
                step=step,
                channel=channel,
                due_at=due,
                expires_at=expires,
            )
            for channel in step.channels
        ]
    Message.objects.bulk_create(messages, ignore_conflicts=True)


def stop_messages(*, session: TreatmentSession) -> None:
    """Cancel what no longer fits the session's status, in the transaction of the move.

    Rows that are being sent are locked too: this waits for a call in flight, and nothing can
    follow after it. What a worker has marked as SENDING is left to it; it will re-check.
    """
    reason = f"the session is {session.status}"
    for message in Message.objects.open().filter(session=session).select_related("step").locked():
        fits = session.status in FITS[message.step.anchor]
        if not fits and message.status != MessageStatus.SENDING:
            message.end(MessageStatus.CANCELLED, reason)


@transaction.atomic
def add_template_version(
    *, step: CareStep, channel: str, language: str, subject: str, body: str
) -> MessageTemplate:
    """Add the next version of a text; messages from now on are made with it."""
    CareStep.objects.select_for_update().get(pk=step.pk)  # versions are counted one at a time
    texts = MessageTemplate.objects.filter(step=step, channel=channel, language=language)
    last = texts.aggregate(last=Max("version"))["last"] or 0
    template = MessageTemplate(
        step=step,
        channel=channel,
        language=language,
        version=last + 1,
        subject=subject,
        body=body,
    )
    template.full_clean()
    template.save()
    return template


def _locked(message_id: Any) -> Message:
    return Message.objects.locked().get(pk=message_id)


@transaction.atomic
def cancel_message(*, message_id: Any, by: User) -> Message:
    """Take a message out of the queue. Raises NotCancellable once it is on its way or ended."""
    message = _locked(message_id)
    if message.status not in (MessageStatus.PENDING, MessageStatus.CLAIMED):
        raise NotCancellable(f"It is {message.status}; only a waiting message can be cancelled.")
    message.end(MessageStatus.CANCELLED, f"cancelled by {by.username}")
    return message


@transaction.atomic
def resend_message(*, message_id: Any, at: datetime, by: User) -> Message:
    """Plan an ended message once more, as the next occurrence of its step; returns the new one.

    Raises NotResendable while it is still under way or in doubt: then decide that first.
    """
    message = _locked(message_id)
    if message.status in (
        MessageStatus.PENDING,
        MessageStatus.CLAIMED,
        MessageStatus.SENDING,
        MessageStatus.IN_DOUBT,
    ):
        raise NotResendable(f"It is {message.status}; only an ended message can be sent again.")
    again = Message.objects.filter(
        session=message.session_id, step=message.step_id, channel=message.channel
    ).order_by("-occurrence")[0]
    return Message.objects.create(
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        session_id=message.session_id,
        step_id=message.step_id,
        channel=message.channel,
        occurrence=again.occurrence + 1,
        due_at=at,
        expires_at=max(message.expires_at, at + message.step.useful_for),
        reason=f"sent again by {by.username}",
    )


@transaction.atomic
def resolve_message(*, message_id: Any, delivered: bool, at: datetime, by: User) -> Message:
    """Decide a message in doubt: it did arrive, or it did not. Raises NotInDoubt."""
    message = _locked(message_id)
    if message.status != MessageStatus.IN_DOUBT:
        raise NotInDoubt(f"It is {message.status}.")
    if delivered:
        message.accepted(at=at, provider_id=message.provider_id)
    else:
        message.end(MessageStatus.FAILED, f"not delivered, says {by.username}")
    return message
