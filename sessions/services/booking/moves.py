"""The moves of a session through its life, and its signature."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict
from clinic.models import User
from clinic.permissions import require_sight
from clinic.values.moments import date_in_words
from patients.models import StaffTask
from patients.services import finish_task
from patients.services.records import require_open
from sessions.lifecycle import OCCUPIES, Status
from sessions.models import Kind, SessionFinding, SideEffect, SideEffectNote, TreatmentSession
from sessions.safety.assessment import AssessedFinding, assess_session, stored_values
from sessions.safety.loading.answers import newest_screening
from sessions.safety.loading.record import newest_consent
from sessions.scheduling.spacing import restore_recovery_before
from sessions.services.booking.checks.presence import require_licence
from sessions.services.booking.sitting.areas import lock_sitting, still_going_on
from sessions.signals import patient_knows_of_it, session_moved

# Whoever comes early may wait inside, but a click on next week's session is a mistake.
CHECK_IN_OPENS = timedelta(hours=12)
TREATING = (Status.IN_PROGRESS, Status.COMPLETED)  # moves of whoever treats


class TooEarly(Conflict):
    code = "too_early"
    title = gettext_noop("It is too early for this")


class FindingMissing(Conflict):
    code = "finding_missing"
    title = gettext_noop("The check has no finding yet")


class NothingCharted(Conflict):
    code = "nothing_charted"
    title = gettext_noop("No treated zone is recorded")


class UnresolvedFindings(Conflict):
    code = "unresolved_findings"
    title = gettext_noop("Safety findings are not decided yet")


@retried_transaction
def move_session(
    *,
    session_id: UUID,
    to: str,
    at: datetime,
    by: User | None,
    reason: str = "",
    note: str = "",
    goes_on: bool = False,
    reschedules: bool = False,
    patient_knows: bool = False,
    undoable: bool = False,
    seen: Check = no_version_check,
) -> TreatmentSession:
    """Move a session on in its life and tell the listeners, in one transaction. All areas of a
    sitting that still go on move with it.

    A session starts, and completes, only when every finding that needs a decision has one.
    Completing signs the record; the database refuses every change to it from then on. `note` is
    added to it first. A check that was opened from a side effect or a task closes that with its
    note; a side effect that `goes_on` only gets the note. With `reschedules` the session is
    cancelled because the caller, who holds the patient's lock, books it at another time. Of what
    `patient_knows` already, nothing is sent. What ends it can be taken back for a minute if it is
    `undoable`: Note [Undo] in undo.

    Raises IllegalMove, TooEarly (check-in or no-show of a session that is still to come),
    NotLicensed (starting it), NothingCharted (completing a treatment without a treated zone),
    FindingMissing (completing such a check without a note), UnresolvedFindings, PatientArchived
    (apart from what ends a session that was kept), and what `seen` does.
    """
    frees = to not in OCCUPIES
    # The recovery of the session before may change: Note [Lock order].
    if frees and not reschedules:
        patient_id = TreatmentSession.objects.values_list("patient_id", flat=True).get(
            pk=session_id
        )
        lock(f"patient:{patient_id}")
    rows = lock_sitting(session_id)
    session = next(row for row in rows if row.pk == session_id)
    seen()
    if not frees:
        require_open(session.patient)
    if to in TREATING:
        require_sight(by, session.patient_id)
    session.require_move(to)
    if note:
        session.notes = "\n\n".join(filter(None, (session.notes, note)))
        session.save(update_fields=["notes"])
    session.moved_with = still_going_on(rows)
    for row in session.moved_with:
        with _about(row, len(rows)):
            _move(
                row,
                to=to,
                at=at,
                by=by,
                reason=reason,
                goes_on=goes_on,
                reschedules=reschedules,
                undoable=undoable,
            )
    if patient_knows:
        patient_knows_of_it.send(TreatmentSession, session=session, at=at)
    return session


@contextmanager
def _about(row: TreatmentSession, rows: int) -> Iterator[None]:
    """Of several areas, a refusal says of which it is."""
    try:
        yield
    except (NothingCharted, UnresolvedFindings) as error:
        if rows > 1:
            error.message = f"{row.area}: {error.message}"
            error.args = (error.message,)
        raise


def _move(
    session: TreatmentSession,
    *,
    to: str,
    at: datetime,
    by: User | None,
    reason: str,
    goes_on: bool,
    reschedules: bool,
    undoable: bool,
) -> None:
    _require(session, to=to, at=at)
    if to == Status.COMPLETED:
        seal(session, _decided(session, at=at))
        if session.kind == Kind.CHECK:
            _close_check(session, goes_on=goes_on, at=at, by=by)
    elif to == Status.IN_PROGRESS:
        _decided(session, at=at)
    old = session.move_to(to, at=at, by=by, reason=reason, undoable=undoable)
    if to not in OCCUPIES:
        restore_recovery_before(session)
    session_moved.send(
        TreatmentSession, session=session, old=old, new=to, at=at, by=by, reschedules=reschedules
    )


def _require(session: TreatmentSession, *, to: str, at: datetime) -> None:
    """What a move needs beyond being legal and safe."""
    start = gettext("{day} at {time}").format(
        day=date_in_words(session.starts_at_local, "j M Y"), time=f"{session.starts_at_local:%H:%M}"
    )
    match to:
        case Status.CHECKED_IN if at < session.starts_at - CHECK_IN_OPENS:
            raise TooEarly(
                gettext(
                    "This session is on {start}; check-in opens 12 hours before. If the patient is "
                    "treated now, reschedule it first."
                ).format(start=start)
            )
        case Status.IN_PROGRESS:
            require_licence(session, at=at)
        case Status.NO_SHOW if at < session.starts_at:
            raise TooEarly(
                gettext("This session is on {start}: the patient may still come.").format(
                    start=start
                )
            )
        case Status.COMPLETED if (
            session.kind == Kind.TREATMENT and not session.zone_treatments.exists()
        ):
            raise NothingCharted(gettext("Record at least one treated zone with its depth first."))


def _close_check(
    session: TreatmentSession, *, goes_on: bool, at: datetime, by: User | None
) -> None:
    """Settle what the check was opened from, with what it found. Raises FindingMissing."""
    if not session.side_effect_id and not session.task_id:
        return
    if not session.notes:
        raise FindingMissing(gettext("Say what you found, as the note of the visit."), field="note")
    if task := StaffTask.objects.open().filter(pk=session.task_id).first():
        finish_task(task_id=task.pk, at=at, by=by, note=session.notes[:500])
    effect = SideEffect.objects.select_for_update(of=("self",)).filter(pk=session.side_effect_id)
    if looked_at := effect.filter(resolved_at=None).first():
        if goes_on:
            looked_at.note = "\n\n".join(filter(None, (looked_at.note, session.notes)))[:5_000]
        else:
            looked_at.resolved_at, looked_at.resolution = at, session.notes[:500]
        looked_at.save(update_fields=["note", "resolved_at", "resolution"])
        SideEffectNote.objects.create(
            side_effect=looked_at,
            grade=looked_at.grade,
            is_expected=looked_at.is_expected,
            note=session.notes[:5_000],
            at=at,
            by=by or session.practitioner,
        )


def _decided(session: TreatmentSession, *, at: datetime) -> list[AssessedFinding]:
    """The findings, once none of them is open. Raises UnresolvedFindings."""
    assessed = assess_session(session, at=at)
    if undecided := [entry.finding for entry in assessed if entry.is_open]:
        raise UnresolvedFindings(
            gettext("Decide these first: {findings}").format(
                findings=" ".join(finding.message for finding in undecided)
            ),
            findings=[finding.as_dict() for finding in undecided],
        )
    return assessed


def seal(session: TreatmentSession, assessed: list[AssessedFinding]) -> None:
    """Write into the record what it was checked against and what the rules said: of a treatment."""
    if session.kind != Kind.TREATMENT:
        return
    session.chart_drafts.all().delete()
    session.screening, session.consent = newest_screening(session.patient), newest_consent(session)
    labels = {"on_label": False, "off_label": True}  # or nobody can say: no clearance on file
    codes = (entry.finding.code for entry in assessed)
    session.is_off_label = next((labels[code] for code in codes if code in labels), None)
    session.save(update_fields=["screening", "consent", "is_off_label"])
    session.findings.filter(overridden_by__isnull=True).delete()
    decided = [entry.finding for entry in assessed if entry.overridden_by]
    current = {(finding.code, finding.subject) for finding in decided}
    for row in session.findings.all():
        if (row.code, row.subject) not in current:
            row.delete()  # an override of what is no longer found
    SessionFinding.objects.bulk_create(
        SessionFinding(session=session, **stored_values(entry.finding))
        for entry in assessed
        if not entry.overridden_by
    )
