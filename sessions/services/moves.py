"""The moves of a session through its life."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from clinic.errors import Conflict
from clinic.locks import lock
from clinic.models import User
from sessions.lifecycle import OCCUPIES, Status
from sessions.models import TreatmentSession
from sessions.signals import session_moved
from sessions.spacing import settle_before

# Whoever comes early may wait inside, but a click on next week's session is a mistake.
CHECK_IN_OPENS = timedelta(hours=12)


class TooEarly(Conflict):
    code = "too_early"
    title = "It is too early for this"


class NothingCharted(Conflict):
    code = "nothing_charted"
    title = "No treated zone is recorded"


@transaction.atomic
def move_session(
    *, session_id: Any, to: str, at: datetime, by: User | None, reason: str = ""
) -> TreatmentSession:
    """Move a session on in its life and tell the listeners, in one transaction.

    Raises IllegalMove, TooEarly (check-in or no-show of a session that is still to come) and
    NothingCharted (completing without a treated zone).
    """
    frees = to not in OCCUPIES
    if frees:  # the recovery of the session before may change: Note [Lock order]
        patient_id = TreatmentSession.objects.values_list("patient_id", flat=True).get(
            pk=session_id
        )
        lock(f"patient:{patient_id}")
    session = (
        TreatmentSession.objects.select_related("clinic", "patient", "area", "plan__protocol")
        .locked()
        .get(pk=session_id)
    )
    old = session.move_to(to, at=at, by=by, reason=reason)
    _require(session, at=at)
    if frees:
        settle_before(session)
    session_moved.send(TreatmentSession, session=session, old=old, new=to, at=at, by=by)
    return session


def _require(session: TreatmentSession, *, at: datetime) -> None:
    """What a move needs beyond being legal."""
    start = f"{session.starts_at_local:%d %b %Y at %H:%M}"
    match session.status:
        case Status.CHECKED_IN if at < session.starts_at - CHECK_IN_OPENS:
            raise TooEarly(
                f"This session is on {start}; check-in opens 12 hours before. "
                "If the patient is treated now, reschedule it first."
            )
        case Status.NO_SHOW if at < session.starts_at:
            raise TooEarly(f"This session is on {start}: the patient may still come.")
        case Status.COMPLETED if not session.zone_treatments.exists():
            raise NothingCharted("Record at least one treated zone with its depth first.")
