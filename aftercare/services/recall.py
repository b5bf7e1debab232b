"""A lot was recalled, and its patients are told (telling.py): who reads it, and who is called.

Note [Locks of a recall]
    The lot, how far it is told, then its notices, then what hangs on them. A worker comes from the
    other side: it holds a message and lets a trigger write into the notice. So nobody who holds a
    notice waits for a message; what still waits is stopped by the re-check, which looks at the
    notice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from aftercare.lifecycle import ACCEPTED, OPEN
from aftercare.models import (
    CallReason,
    Message,
    MessageStatus,
    RecallNotice,
    RecallState,
    RecallTelling,
)
from clinic.db.retries import retried_step, retried_transaction
from clinic.models import CartridgeLot, User
from clinic.values.moments import date_in_words
from patients.models import Audience, StaffTask, TaskKind
from patients.services import finish_source
from patients.services.tasks import raise_tasks
from sessions.services.record.healing.due import due_at
from sessions.triage import Level

# An e-mail of a Friday evening is read by Sunday, and an infection after needling shows within days
# (clinical.md §1.4): later a call would help less.
READ_WITHIN = timedelta(hours=48)
MAY_ARRIVE = (*OPEN, *ACCEPTED, MessageStatus.IN_DOUBT)


@retried_transaction
def acknowledge_recall(*, notice_id: UUID, at: datetime) -> RecallNotice:
    """The patient has read it: nobody needs to call. A second press changes nothing.

    Behind the notice's lock, which whoever asks for a call takes too: either they see that it was
    read, or their task is seen here.
    """
    notice = RecallNotice.objects.locked().get(pk=notice_id)
    if notice.read_at is None:
        notice.told_at = notice.told_at or max(at, notice.issued_at)  # or it could not be read
        notice.read_at = max(at, notice.told_at)
        notice.save(update_fields=["told_at", "read_at"])
        note = gettext("The patient has read the notice behind the link.")
        finish_source(source=notice.task_source, at=at, by=None, note=note)
    return notice


@retried_step
def note_call(*, task: StaffTask, by: User) -> None:
    """What came of a call, in the transaction that ticks its task off."""
    RecallNotice.objects.filter(
        pk=task.source.removeprefix("recall:"), called_at=None, call_asked_at__isnull=False
    ).update(called_at=task.done_at, called_by=by, outcome=task.done_note)


@retried_step
def call_unless_told(*, message: Message, at: datetime, by: User | None = None) -> None:
    """A message of a recall has ended unsent, or has come back: if no other one may arrive, the
    patient is called."""
    others = Message.objects.filter(recall_notice=message.recall_notice_id, status__in=MAY_ARRIVE)
    notice = RecallNotice.objects.unsettled().locked().filter(pk=message.recall_notice_id).first()
    if notice and not others.exclude(pk=message.pk).exists():
        ask_for_call(notice, CallReason.UNREACHABLE, at=at)


def call_the_silent(*, at: datetime) -> int:
    """A task to call each patient who was told and has not read it in time; of whom nothing was
    sent in that time, too. Ticks that were missed are made up for; how many are new."""
    since = Coalesce("told_at", "issued_at")
    late = RecallNotice.objects.unsettled().annotate(since=since)
    due = late.filter(
        call_asked_at=None, issued_at__lte=at - READ_WITHIN, since__lte=at - READ_WITHIN
    )
    ids = list(due.order_by("pk").values_list("pk", flat=True))
    return sum(_call_if_silent(notice_id=pk, at=at) for pk in ids)


@retried_transaction
def _call_if_silent(*, notice_id: UUID, at: datetime) -> bool:
    """Behind the notice's lock: the patient may have read it, or another worker been faster."""
    notice = RecallNotice.objects.unsettled().locked().filter(pk=notice_id).first()
    if notice is None or notice.call_asked_at:
        return False
    ask_for_call(notice, CallReason.SILENT if notice.told_at else CallReason.UNREACHABLE, at=at)
    return True


@retried_step
def ask_for_call(
    notice: RecallNotice, why: CallReason, *, at: datetime, by: User | None = None
) -> None:
    """The caller holds the notice's lock, or has just made it. Who was silent and turns out to be
    unreachable is one call."""
    ask_for_calls([notice], why, at=at)


def ask_for_calls(notices: Sequence[RecallNotice], why: CallReason, *, at: datetime) -> None:
    """Two statements, however many they are."""
    asked = [notice for notice in notices if not notice.call_asked_at]
    for notice in asked:
        notice.call_asked_at, notice.call_reason = at, why
    RecallNotice.objects.bulk_update(asked, ["call_asked_at", "call_reason"])
    clinics = {notice.lot.clinic for notice in asked}
    due = {clinic: due_at(Level.AMBER, clinic=clinic, at=at) for clinic in clinics}
    raise_tasks([_call(notice, why, due=due[notice.lot.clinic]) for notice in asked])


def _call(notice: RecallNotice, why: CallReason, *, due: datetime) -> StaffTask:
    lot, patient = notice.lot, notice.patient
    used = notice.session.starts_at.astimezone(lot.clinic.zone)
    return StaffTask(
        clinic=lot.clinic,
        patient=patient,
        kind=TaskKind.LOT_RECALL,
        audience=Audience.CLINICAL,
        severity=Level.AMBER.value,
        title=gettext("Call {patient}: a cartridge used on them was recalled").format(
            patient=patient
        ),
        detail=gettext(
            "{label}. Lot {lot}, used last on {used}. Reason of the recall: {recall_reason}\n"
            "Tell the patient what was recalled, ask how the skin is, and note what they "
            "said. What has gone wrong is a side effect."
        ).format(
            label=why.label,
            lot=lot.lot,
            used=date_in_words(used, "j M Y"),
            recall_reason=lot.recall_reason,
        ),
        source=notice.task_source,
        due_at=due,
    )


def progress_of(lot: CartridgeLot) -> dict[str, int]:
    """Of a lot whose patients a worker is telling, not all are affected yet."""
    rows = RecallNotice.objects.filter(lot=lot).values("state").annotate(n=Count("pk")).order_by()
    found = {row["state"]: row["n"] for row in rows}
    counts = {state.lower(): found.get(state, 0) for state in RecallState.values}
    going_on = RecallTelling.objects.filter(lot=lot, ended_at=None)
    left = going_on.values_list(F("total") - F("looked_at"), flat=True).first() or 0
    return {"affected": sum(counts.values()), "cartridges_left": max(left, 0), **counts}
