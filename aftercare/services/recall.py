"""A lot was recalled: each patient it was used on is told, and who does not read it is called.

Note [Locks of a recall]
    The lot, then its notices, then what hangs on them. A worker comes from the other side: it holds
    a message and lets a trigger write into the notice. So nobody who holds a notice waits for a
    message; what still waits is stopped by the re-check, which looks at the notice.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef
from django.db.models.functions import Coalesce

from aftercare.lifecycle import ACCEPTED, OPEN
from aftercare.models import (
    Anchor,
    CallReason,
    CareStep,
    Message,
    MessageStatus,
    RecallNotice,
    RecallState,
)
from aftercare.planning.reach import choose_channels, reach_of
from aftercare.planning.reconcile import INSERT
from clinic.db.locks import lock
from clinic.db.retries import retried_step, retried_transaction
from clinic.errors import Conflict
from clinic.models import CartridgeLot, User
from patients.models import Audience, Purpose, StaffTask, TaskKind
from patients.services import finish_source
from patients.services.tasks import raise_tasks
from sessions.models import CartridgeUse
from sessions.services.record.healing.due import due_at
from sessions.triage import Level

# An e-mail of a Friday evening is read by Sunday, and an infection after needling shows within days
# (clinical.md §1.4): later a call would help less.
READ_WITHIN = timedelta(hours=48)
MAY_ARRIVE = (*OPEN, *ACCEPTED, MessageStatus.IN_DOUBT)


class NotRecalled(Conflict):
    code = "not_recalled"
    title = "This lot is not recalled"


@retried_transaction
def tell_patients(*, lot_id: UUID, at: datetime, by: User | None = None) -> int:
    """A notice and its messages for each patient of a recalled lot, once; whom no message reached
    may have an address by now, and is told again. Who can be reached by none is called.

    Returns how many are told now. Raises NotRecalled.
    """
    lot = CartridgeLot.objects.select_for_update(of=("self",)).select_related("clinic")
    recalled = lot.get(pk=lot_id)
    if recalled.recalled_at is None:
        raise NotRecalled("Recall it first, with the reason.")
    lock(f"recall:{recalled.clinic_id}")  # one at a time, or two would number their messages alike
    RecallNotice.objects.bulk_create(_missing(recalled, at=at))
    return _send(list(_untold(recalled)), at=at)


def _missing(lot: CartridgeLot, *, at: datetime) -> list[RecallNotice]:
    """Also of an archived record: its patient is called."""
    known = RecallNotice.objects.filter(lot=lot, patient=OuterRef("session__patient"))
    uses = CartridgeUse.objects.filter(~Exists(known), lot=lot).order_by(
        "session__patient", "-session__starts_at", "-session"
    )
    last = uses.distinct("session__patient").values_list("session__patient", "session")
    return [
        RecallNotice(lot=lot, patient_id=patient, session_id=session, issued_at=at)
        for patient, session in last
    ]


def _untold(lot: CartridgeLot) -> Iterable[RecallNotice]:
    on_its_way = Message.objects.filter(recall_notice=OuterRef("pk"), status__in=MAY_ARRIVE)
    notices = RecallNotice.objects.unsettled().filter(~Exists(on_its_way), lot=lot)
    return notices.select_related("patient", "lot__clinic", "session").locked()


def _send(notices: list[RecallNotice], *, at: datetime) -> int:
    """By all channels that the step names and the patient allows. The re-check knows the rest."""
    step = CareStep.objects.filter(
        anchor=Anchor.LOT_RECALLED, protocol=None, is_active=True
    ).first()
    reach = reach_of([notice.patient_id for notice in notices]) if step else {}
    numbers = _numbers(step, notices)
    messages = []
    for notice in notices:
        usable = reach.get((notice.patient_id, Purpose.CARE), set())
        channels = [c for c in choose_channels(step, usable) if c in usable] if step else []
        for channel in channels:
            key = (notice.session_id, str(channel))
            numbers[key] = numbers.get(key, 0) + 1
            messages.append(_message(notice, step, channel, numbers[key], at=at))
    INSERT.all(messages)
    told = {message.recall_notice_id for message in messages}
    unreachable = [notice for notice in notices if notice.pk not in told]
    _ask_for_calls(unreachable, CallReason.UNREACHABLE, at=at)
    return len(told)


def _numbers(step: CareStep | None, notices: list[RecallNotice]) -> dict[tuple[UUID, str], int]:
    """The last occurrence at each session by each channel: another of its lots may be recalled."""
    sent = Message.objects.filter(session__in=[notice.session_id for notice in notices], step=step)
    last = sent.values("session", "channel").annotate(last=Max("occurrence")).order_by()
    return {(row["session"], row["channel"]): row["last"] for row in last}


def _message(
    notice: RecallNotice, step: CareStep | None, channel: str, number: int, *, at: datetime
) -> Message:
    assert step is not None  # or there would be no channel
    return Message(
        clinic_id=notice.lot.clinic_id,
        patient_id=notice.patient_id,
        session_id=notice.session_id,
        step=step,
        channel=channel,
        occurrence=number,
        recall_notice=notice,
        status=MessageStatus.PENDING,
        due_at=at,
        expires_at=at + step.useful_for,
    )


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
        note = "The patient has read the notice behind the link."
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
    _ask_for_calls([notice], why, at=at)


def _ask_for_calls(notices: Sequence[RecallNotice], why: CallReason, *, at: datetime) -> None:
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
        title=f"Call {patient}: a cartridge used on them was recalled",
        detail=f"{why.label}. Lot {lot.lot}, used last on {used:%d %b %Y}. Reason of the recall: "
        f"{lot.recall_reason}\nTell the patient what was recalled, ask how the skin is, and note "
        "what they said. What has gone wrong is a side effect.",
        source=notice.task_source,
        due_at=due,
    )


def progress_of(lot: CartridgeLot) -> dict[str, int]:
    """In one query."""
    rows = RecallNotice.objects.filter(lot=lot).values("state").annotate(n=Count("pk")).order_by()
    found = {row["state"]: row["n"] for row in rows}
    counts = {state.lower(): found.get(state, 0) for state in RecallState.values}
    return {"affected": sum(counts.values()), **counts}
