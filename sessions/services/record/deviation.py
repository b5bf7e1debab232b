"""Telling what happened otherwise than it should."""

from datetime import datetime
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User, in_words
from clinic.permissions import require_sight
from patients.models import Audience, TaskKind, Zone
from patients.services.records import require_open
from patients.services.tasks import raise_task
from sessions.lifecycle import SIGNED, Status
from sessions.models import Deviation, DeviationKind, TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.services.record.chart import NoSuchFinding, open_are


class NothingHappened(Conflict):
    code = "nothing_happened"
    title = gettext_noop("Nothing has happened in this session yet")


class OverrideInstead(Conflict):
    code = "override_instead"
    title = gettext_noop("This finding may be overridden")


@retried_transaction
def record_deviation(
    *,
    session_id: UUID,
    kind: str,
    reason: str,
    action_taken: str,
    at: datetime,
    by: User,
    zone: Zone | None = None,
    code: str = "",
    subject: str = "",
) -> Deviation:
    """Record what happened otherwise than it should; the manager gets a task.

    While the session is in progress it may answer a finding (`code`, `subject`) that `by` may not
    override: a fact cannot be blocked. It holds for the numbers as they are now. Of a signed record
    a deviation can still be told.

    Raises NothingHappened, NoSuchFinding, OverrideInstead, PatientArchived.
    """
    session = TreatmentSession.objects.with_record().locked().get(pk=session_id)
    require_open(session.patient)
    require_sight(by, session.patient_id)
    if session.status not in (Status.IN_PROGRESS, *SIGNED):
        raise NothingHappened(
            gettext(
                "A deviation tells what was done. The session is {status}: clear what stops "
                "it, or cancel or abort it."
            ).format(status=in_words(Status, session.status))
        )
    if subject and not code:
        raise NoSuchFinding(
            gettext("Say which finding this is about, or name no subject."), field="code"
        )
    deviation = Deviation(
        session=session,
        kind=DeviationKind(kind),
        zone=zone,
        code=code,
        subject=subject,
        numbers=_numbers(session, code, subject, at=at, by=by) if code else {},
        reason=reason,
        action_taken=action_taken,
        at=at,
        by=by,
    )
    deviation.full_clean(exclude=["session"])
    deviation.save(force_insert=True)
    raise_task(
        clinic=session.clinic,
        kind=TaskKind.INCIDENT,
        title=gettext("{deviation}, session of {day} at {time}").format(
            deviation=deviation,
            day=date_format(session.starts_at_local, "j M Y"),
            time=f"{session.starts_at_local:%H:%M}",
        ),
        detail=gettext(
            "How it came about: {reason}\nWhat was done: {action_taken}\nBy {by}."
        ).format(reason=reason, action_taken=action_taken, by=by),
        source=f"deviation:{deviation.pk}",
        at=at,
        patient=session.patient,
        audience=Audience.MANAGER,
    )
    return deviation


def _numbers(
    session: TreatmentSession, code: str, subject: str, *, at: datetime, by: User
) -> dict[str, str]:
    """The figures of the open finding that is answered."""
    if session.status in SIGNED:
        raise NoSuchFinding(
            gettext("The record is signed: tell the deviation without a finding."), field="code"
        )
    open_ = [entry.finding for entry in assess_session(session, at=at) if entry.is_open]
    finding = next((one for one in open_ if (one.code, one.subject) == (code, subject)), None)
    if finding is None:
        raise NoSuchFinding(
            open_are([one.message for one in open_]),
            field="code",
        )
    if by.role in finding.overridable_by:
        raise OverrideInstead(
            gettext("{message} Override it, with a reason.").format(message=finding.message),
            field="code",
        )
    return dict(finding.numbers)
