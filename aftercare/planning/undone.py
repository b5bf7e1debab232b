"""What becomes of the messages when the end of a session is taken back (Note [Undo] in
sessions.services.booking.undo): nothing is said of it, and what it had stopped goes on."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from aftercare.lifecycle import ACCEPTED, OPEN
from aftercare.models import Anchor, Message, MessageStatus
from aftercare.planning.reconcile import INSERT
from clinic.models import in_english
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentSession
from sessions.services.booking.undo import UndoTooLate

TAKEN_BACK = "it was taken back"
TOLD = (*ACCEPTED, MessageStatus.SENDING, MessageStatus.IN_DOUBT)


def stopped_because(status: str) -> str:
    """The reason of a message that a move of its session has ended. It is looked for, by whoever
    takes that back, so it is the same in every language."""
    return f"the session is {in_english(Status, status)}"


def withdraw_what_was_to_tell(
    session: TreatmentSession, instead: TreatmentSession | None, *, at: datetime
) -> list[Message]:
    """Of the end of `session`, or of what was booked `instead`; returns what it was. Waits for a
    worker that is sending some of it. Raises UndoTooLate if the patient knows."""
    tells = Q(session=session, step__anchor__in=(Anchor.CANCELLED, Anchor.MISSED))
    if instead:
        tells |= Q(session=instead)
    found = list(Message.objects.filter(tells).select_related("step").locked())
    for message in found:
        if message.status in TOLD:
            raise UndoTooLate(gettext("The patient has been told of it: book it again instead."))
    waiting = [message for message in found if message.status in OPEN]
    Message.end_together(waiting, MessageStatus.CANCELLED, TAKEN_BACK, at=at)
    return found


def bring_back(session: TreatmentSession, *, ended: SessionEvent) -> None:
    """What its end had stopped, as the next occurrence, when it was due."""
    stopped = Message.objects.filter(
        session=session,
        status=MessageStatus.CANCELLED,
        reason=stopped_because(ended.new_status),
        ended_at__gte=ended.at,
    )
    INSERT.all([_again(message, message) for message in stopped.order_by("pk")])


def once_more(messages: Iterable[Message], *, new: Collection[UUID]) -> list[Message]:
    """Of what was planned before and is not `new`, what has ended unsent, as the next occurrence:
    the session ended before, and that was taken back."""
    again = []
    for message in messages:
        rows = Message.objects.filter(
            session=message.session_id, step=message.step_id, channel=message.channel
        )
        latest = rows.order_by("-occurrence").first()
        unsent = (MessageStatus.CANCELLED, MessageStatus.EXPIRED)
        if latest and latest.status in unsent and latest.pk not in new:
            again.append(_again(message, latest))
    return again


def _again(message: Message, latest: Message) -> Message:
    is_missed = message.status == MessageStatus.EXPIRED
    return Message(
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        session_id=message.session_id,
        step_id=message.step_id,
        channel=message.channel,
        occurrence=latest.occurrence + 1,
        due_at=message.due_at,
        expires_at=message.expires_at,
        status=MessageStatus.EXPIRED if is_missed else MessageStatus.PENDING,
        reason=message.reason if is_missed else "",
    )
