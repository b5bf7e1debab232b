"""What two records of one person were told of the same recalled lot becomes one notice."""

from datetime import datetime

from aftercare.models import Message, RecallNotice
from clinic.models import User
from patients.models import Patient, StaffTask
from patients.services import finish_source

JOINED = "Two records were merged: another task asks for this call, or it is done."


def join_notices(kept: Patient, merged: Patient, *, at: datetime, by: User) -> None:
    """A notice of a lot that only one of them had moves along with all other rows."""
    both = RecallNotice.objects.filter(patient__in=[kept, merged]).select_related("session")
    notices = list(both.locked())
    ours = {notice.lot_id: notice for notice in notices if notice.patient_id == kept.pk}
    for theirs in notices:
        if theirs.patient_id == merged.pk and theirs.lot_id in ours:
            _join(ours[theirs.lot_id], theirs, at=at, by=by)


def _join(ours: RecallNotice, theirs: RecallNotice, *, at: datetime, by: User) -> None:
    """Told, read and called once is told, read and called. One call is asked for at most."""
    for name in ("issued_at", "told_at", "read_at"):
        said = [getattr(ours, name), getattr(theirs, name)]
        setattr(ours, name, min(filter(None, said), default=None))
    if theirs.session.starts_at > ours.session.starts_at:
        ours.session = theirs.session
    is_asked = ours.call_asked_at is not None
    if theirs.called_at and not ours.called_at:
        ours.called_at, ours.called_by = theirs.called_at, theirs.called_by
        ours.outcome = theirs.outcome
    if theirs.call_asked_at and not is_asked:
        ours.call_asked_at, ours.call_reason = theirs.call_asked_at, theirs.call_reason
    Message.objects.filter(recall_notice=theirs).update(recall_notice=ours)
    ours.save()
    source = theirs.task_source
    theirs.delete()
    if ours.is_settled or is_asked:
        finish_source(source=source, at=at, by=by, note=JOINED)
    if ours.is_settled:
        finish_source(source=ours.task_source, at=at, by=by, note=JOINED)
    elif not is_asked:  # their task is ours now
        StaffTask.objects.open().filter(source=source).update(source=ours.task_source)
