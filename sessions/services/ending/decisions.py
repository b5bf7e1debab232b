"""What is decided about the sessions that a change leaves behind, and what asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from django.db import models
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from clinic.errors import Conflict, NotAllowed
from clinic.models import Device, Room, User
from clinic.values.wallclock import iso_utc
from sessions.models import TreatmentSession
from sessions.scheduling.ahead import Ahead
from sessions.scheduling.availability import Offer

SLOT = ("starts_at", "practitioner", "room", "device")


class Choice(models.TextChoices):
    """What becomes of a session whose room, device, practitioner … ends."""

    MOVE = "MOVE", _("Move it")
    CANCEL = "CANCEL", _("Cancel it and tell the patient")
    KEEP = "KEEP", _("Keep it, with a task for the desk")


class Decision(TypedDict):
    """For one session; without a time it moves to the nearest one that can be booked."""

    do: str
    starts_at: NotRequired[datetime]
    practitioner: NotRequired[User]
    room: NotRequired[Room]
    device: NotRequired[Device]


@dataclass(frozen=True)
class AffectedSession:
    """A session that a change leaves behind, and the nearest time that it could move to."""

    session: TreatmentSession
    offer: Offer | None = None


class StillAhead(Conflict):
    """Carries what lies ahead, for who decides: `behind` with the sessions themselves."""

    code = "still_ahead"
    title = gettext_noop("There are bookings ahead")

    def __init__(self, ahead: Ahead, behind: list[AffectedSession], undecided: set[UUID]) -> None:
        self.ahead, self.behind, self.undecided = ahead, behind, undecided
        sessions, holds = len(ahead.sessions), len(ahead.holds)
        entries, messages = len(ahead.waitlist), ahead.messages
        parts = {
            ngettext("{n} session", "{n} sessions", sessions): sessions,
            ngettext("{n} held time", "{n} held times", holds): holds,
            ngettext("{n} waitlist entry", "{n} waitlist entries", entries): entries,
            ngettext("{n} waiting message", "{n} waiting messages", messages): messages,
        }
        told = ", ".join(words.format(n=n) for words, n in parts.items() if n)
        super().__init__(
            gettext(
                "Ahead: {told}. Say for each session, or for all the others together, whether it "
                "moves, is cancelled and the patient told, or is kept with a task for the desk."
            ).format(told=told),
            field="decisions",
            bookings=[_as_dict(one) for one in behind],
            holds=holds,
            waitlist=[str(pk) for pk in sorted(ahead.waitlist)],
            messages=messages,
        )


class OnlyKeep(NotAllowed):
    code = "only_keep"
    title = gettext_noop("Moving and cancelling sessions is for others")


class CannotMove(Conflict):
    code = "cannot_move"
    title = gettext_noop("This session cannot move")


def _as_dict(one: AffectedSession) -> dict[str, Any]:
    offer = one.offer and {
        "starts_at": iso_utc(one.offer.starts_at),
        "ends_at": iso_utc(one.offer.ends_at),
        "practitioner": str(one.offer.practitioner_id),
        "room": one.offer.room_id and str(one.offer.room_id),
        "device": one.offer.device_id and str(one.offer.device_id),
    }
    return {
        "id": str(one.session.pk),
        "starts_at": iso_utc(one.session.starts_at),
        "offer": offer,
    }


@dataclass(frozen=True)
class Decider:
    """Who ends something, when and why, and what they have decided."""

    at: datetime
    by: User
    reason: str = ""
    decisions: Mapping[UUID, Decision] | None = None
    rest: str = ""

    def of(self, session: TreatmentSession) -> Decision | None:
        found = (self.decisions or {}).get(session.pk)
        return found or ({"do": self.rest} if self.rest else None)
