"""The bar that offers to take back what somebody has pressed a moment ago, and its button."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from aftercare.models import Anchor, Message, MessageStatus
from clinic.admin.saving.once import new_key
from clinic.models import User
from clinic.values.moments import date_in_words
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentSession

TELLS = (Anchor.CANCELLED, Anchor.MISSED, Anchor.MOVED)


@dataclass(frozen=True)
class Offer:
    """What was done, what the patient will be told of it, and for how long it can be undone."""

    pk: UUID
    done: str
    told: str
    seconds: int
    rows: tuple[UUID, ...]  # the visit, and where it is now


def undo_for(user: User, at: datetime) -> Offer | None:
    """Of the last thing that the caller has pressed, as long as nobody has gone on from it."""
    pressed = SessionEvent.objects.filter(by=user, undo_until__gt=at, session__sitting=None)
    event = (
        pressed.select_related("session__patient", "session__clinic", "session__rescheduled_to")
        .order_by("-at", "id")
        .first()
    )
    if event is None or event.undo_until is None or event.session.status != event.new_status:
        return None
    session, zone = event.session, event.session.clinic.zone
    moved: TreatmentSession | None = getattr(session, "rescheduled_to", None)
    if moved and moved.status != Status.BOOKED:
        return None
    if moved:
        done = gettext("moved to {moment}").format(
            moment=date_in_words(moved.starts_at.astimezone(zone), "D j M Y, H:i")
        )
    else:
        done = (
            gettext("cancelled")
            if session.status == Status.CANCELLED
            else gettext("noted as a no-show")
        )
    left = event.undo_until - at
    return Offer(
        pk=session.pk,
        done=f"{session.patient.listed_name}: {done}.",
        told=_told(moved or session, event.undo_until.astimezone(zone)),
        seconds=max(1, int(left.total_seconds())),
        rows=(session.pk, *([moved.pk] if moved else [])),
    )


def _told(session: TreatmentSession, until: datetime) -> str:
    waiting = Message.objects.filter(
        session=session, step__anchor__in=TELLS, status=MessageStatus.PENDING
    ).order_by("channel", "due_at")
    found = {str(message.get_channel_display()): message.due_at for message in waiting}
    if not found:
        return gettext("The patient is sent nothing of it.")
    due = min(found.values()).astimezone(until.tzinfo)
    day = "" if due.date() == until.date() else f"{date_in_words(due, 'D j M')} "
    return gettext("The patient is told by {found}, at {day}{due}.").format(
        found=gettext(" and ").join(found), day=day, due=date_in_words(due, "H:i")
    )


def undo_bar(user: User, back: str, at: datetime) -> dict[str, Any]:
    """For the template `today/undo.html`; the button leads back to the page that shows it."""
    found = (
        undo_for(user, at) if user.has_perm("treatment_sessions.change_treatmentsession") else None
    )
    return {"undo": found, "undo_back": back, "undo_key": new_key() if found else ""}
