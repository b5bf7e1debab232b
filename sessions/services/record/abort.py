"""Ending a session before it is done, with what was done until then."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import DomainError
from clinic.models import User
from clinic.permissions import require_sight
from clinic.values.moments import date_in_words
from patients.models import Audience, TaskKind
from patients.services.tasks import raise_task
from sessions.lifecycle import AbortReason, Status
from sessions.models import TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.scheduling.spacing import restore_recovery_before
from sessions.services.booking.moves import seal
from sessions.services.booking.sitting.areas import lock_sitting, still_going_on
from sessions.signals import session_moved


class AbortReasonMissing(DomainError):
    code = "abort_reason_missing"
    title = gettext_noop("Say why the session is aborted")


@retried_transaction
def abort_session(
    *,
    session_id: UUID,
    why: str,
    at: datetime,
    by: User,
    note: str = "",
    seen: Check = no_version_check,
) -> TreatmentSession:
    """End a session that has begun, and sign what was done until then.

    Nothing needs a decision any more: what the rules say is written into the record as it is.
    People and things are free at once; the skin recovers if it was needled. The manager gets a
    task. An archived record takes it too: it ends a session that was kept. Of a sitting, a further
    area stops alone; with the leading one stops all that still goes on.

    Raises IllegalMove, AbortReasonMissing, and what `seen` does.
    """
    sessions = TreatmentSession.objects
    patient_id = sessions.values_list("patient_id", flat=True).get(pk=session_id)
    lock(f"patient:{patient_id}")  # the skin may become free: Note [Lock order]
    require_sight(by, patient_id)
    rows = lock_sitting(session_id)
    session = next(row for row in rows if row.pk == session_id)
    seen()
    session.require_move(Status.ABORTED)
    if why not in AbortReason.values:
        raise AbortReasonMissing(
            gettext("Choose one of: {reasons}.").format(reasons=", ".join(AbortReason.values)),
            field="abort_reason",
        )
    if why == AbortReason.OTHER and not note.strip():
        raise AbortReasonMissing(gettext("Say in words what it was."), field="abort_note")
    for row in [session] if session.sitting_id else still_going_on(rows):
        _abort(row, why=why, note=note, at=at, by=by)
    return session


def _abort(session: TreatmentSession, *, why: str, note: str, at: datetime, by: User) -> None:
    seal(session, assess_session(session, at=at))
    has_needled = session.zone_treatments.exists()
    told = f"{AbortReason(why).label}{note and f': {note}'}"
    old = session.move_to(
        Status.ABORTED,
        at=at,
        by=by,
        reason=told[:500],
        why=why,
        note=note,
        has_needled=has_needled,
    )
    if not has_needled:
        restore_recovery_before(session)
    detail = (
        gettext("{told}\nBy {by}. The skin was needled.")
        if has_needled
        else gettext("{told}\nBy {by}. Nothing was needled.")
    )
    raise_task(
        clinic=session.clinic,
        kind=TaskKind.INCIDENT,
        title=gettext("Session of {day} at {time} was aborted").format(
            day=date_in_words(session.starts_at_local, "j M Y"),
            time=f"{session.starts_at_local:%H:%M}",
        ),
        detail=detail.format(told=told, by=by),
        source=f"abort:{session.pk}",
        at=at,
        patient=session.patient,
        audience=Audience.MANAGER,
    )
    session_moved.send(
        TreatmentSession,
        session=session,
        old=old,
        new=Status.ABORTED,
        at=at,
        by=by,
        reschedules=False,
    )
