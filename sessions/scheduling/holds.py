"""Holds in the way of a booking, and what becomes of those that it was made from.

A hold keeps a slot for a plan, or for a visit of one kind of a patient. Any desk may book it for
that, and nobody for anything else.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext, gettext_noop

from clinic.models import User
from clinic.values.moments import date_in_words
from sessions.lifecycle import WaitlistStatus
from sessions.models import Hold, Kind, TreatmentSession, WaitlistEntry
from sessions.scheduling.availability import SlotTaken


class SlotHeld(SlotTaken):
    code = "held"
    title = gettext_noop("The time is held at the moment")


def own_holds(
    session: TreatmentSession,
    *,
    at: datetime,
    named: Any = None,
    plans: Collection[UUID | None] = (),
) -> list[Hold]:
    """The holds that a booking of `session` uses up: those in the way that are kept for it, and
    the one `named`; of a sitting those of all its `plans`.

    The caller holds the locks (Note [Lock order]). Raises Held, never saying for whom.
    """
    clashing = Q(pk__in=Hold.objects.clashing_with(session).values("pk"))
    is_own = kept_for(session, plans)
    found = Hold.objects.filter(clashing | is_own & Q(pk=named))
    own = []
    for hold in found.annotate(is_own=ExpressionWrapper(is_own, BooleanField())):
        if hold.is_own:  # type: ignore[attr-defined]
            own.append(hold)
        elif hold.expires_at > at:
            raise SlotHeld(
                gettext(
                    "Somebody holds this time ({day} at {time}) for another patient; it may be "
                    "free again in a few minutes."
                ).format(
                    day=date_in_words(session.starts_at_local, "j M Y"),
                    time=f"{session.starts_at_local:%H:%M}",
                ),
                field="starts_at",
            )
    return own


def kept_for(session: TreatmentSession, plans: Collection[UUID | None] = ()) -> Q:
    """The holds that let `session` through: of a treatment those of its plan, or of all `plans` of
    the sitting; of another visit those for such a visit of the patient."""
    if session.kind == Kind.TREATMENT:
        return Q(kind=Kind.TREATMENT, plan__in={session.plan_id, *plans})
    return Q(visit_type=session.visit_type_id, patient=session.patient_id)


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
                    WaitlistStatus.WAITING,
                    at=at,
                    by=by,
                    reason=gettext_noop("another time was booked"),
                )
        hold.delete()
