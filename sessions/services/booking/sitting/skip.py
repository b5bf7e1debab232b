"""Leaving one area of a sitting out."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict, DomainError
from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.scheduling.spacing import restore_recovery_before
from sessions.services.booking.sitting.areas import lock_sitting, still_going_on
from sessions.signals import session_moved


class NothingElseTreated(Conflict):
    code = "nothing_else_treated"
    title = gettext_noop("No other area is treated in this sitting")


class SkipReasonMissing(DomainError):
    code = "skip_reason_missing"
    title = gettext_noop("Say why the area is left out")


@retried_transaction
def skip_area(
    *,
    session_id: UUID,
    reason: str,
    at: datetime,
    by: User,
    seen: Check = no_version_check,
) -> TreatmentSession:
    """Leave one area of a sitting out: its session is cancelled with the reason, its skin is free,
    and the others stay as they are. If it led, the first of them leads from now on.

    Raises IllegalMove (what has begun is aborted instead), NothingElseTreated (then it is the
    whole session that is cancelled), SkipReasonMissing, and what `seen` does.
    """
    sessions = TreatmentSession.objects
    patient_id = sessions.values_list("patient_id", flat=True).get(pk=session_id)
    lock(f"patient:{patient_id}")  # the skin becomes free: Note [Lock order]
    rows = lock_sitting(session_id)
    session = next(row for row in rows if row.pk == session_id)
    seen()
    session.require_move(Status.CANCELLED)
    others = [row for row in still_going_on(rows) if row.pk != session_id]
    if not others:
        raise NothingElseTreated(gettext("Cancel the session: it has no other area."))
    if not reason.strip():
        raise SkipReasonMissing(
            gettext("Say in words why this area is not treated."), field="reason"
        )
    old = session.move_to(Status.CANCELLED, at=at, by=by, reason=reason, skips=True)
    lead = None if session.sitting_id else others[0]
    if lead:
        lead.sitting = None
        lead.save(update_fields=["sitting"])
        # what is no longer going on follows as well, so that the sitting stays together
        sessions.filter(sitting=session).exclude(pk=lead.pk).update(sitting=lead)
    restore_recovery_before(session)
    session_moved.send(
        TreatmentSession,
        session=session,
        old=old,
        new=Status.CANCELLED,
        at=at,
        by=by,
        skipped=True,
        led_by=lead,
    )
    return session
