"""Holds in the way of a booking, and what becomes of those that it was made from.

A hold keeps a slot for a plan. Any desk may book it for that plan, and nobody for another one.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from clinic.models import User
from sessions.lifecycle import WaitlistStatus
from sessions.models import Hold, Kind, TreatmentSession, WaitlistEntry
from sessions.scheduling.availability import SlotTaken


class SlotHeld(SlotTaken):
    code = "held"
    title = "The time is held at the moment"


def own_holds(
    session: TreatmentSession,
    *,
    at: datetime,
    named: Any = None,
    plans: Collection[UUID | None] = (),
) -> list[Hold]:
    """The holds that a booking of `session` uses up: its plan's in the way, and the one `named`;
    of a sitting those of all its `plans`.

    The caller holds the locks (Note [Lock order]). Raises Held, never saying for whom.
    """
    plans = {session.plan_id, *plans}
    clashing = Q(pk__in=Hold.objects.clashing_with(session).values("pk"))
    found = Hold.objects.filter(clashing | Q(pk=named, plan__in=plans))
    own = []
    for hold in found:
        if hold.plan_id in plans and session.kind == Kind.TREATMENT:
            own.append(hold)
        elif hold.expires_at > at:
            raise SlotHeld(
                f"Somebody holds this time ({session.starts_at_local:%d %b %Y at %H:%M}) for "
                "another patient; it may be free again in a few minutes.",
                field="starts_at",
            )
    return own


def consume_holds(
    holds: list[Hold], session: TreatmentSession, *, at: datetime, by: User | None
) -> None:
    """End the holds that `session` was booked from. The offers among them are taken thereby."""
    for hold in holds:
        if hold.offered_to_id:
            entry = WaitlistEntry.objects.locked().get(pk=hold.offered_to_id)
            if entry.offered_starts_at == session.starts_at:
                entry.move_to(WaitlistStatus.BOOKED, at=at, by=by, session=session)
            elif entry.status == WaitlistStatus.OFFERED:
                entry.move_to(
                    WaitlistStatus.WAITING, at=at, by=by, reason="another time was booked"
                )
        hold.delete()
