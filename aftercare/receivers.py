"""What aftercare does when a session moves or records are merged, in that transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from aftercare.alerts.escalate import tell_at_once
from aftercare.dispatch.recheck import STANDS_STILL
from aftercare.models import (
    ANNOUNCES,
    Anchor,
    Message,
    MessageStatus,
    RecallTelling,
    StaffAnswer,
    StepReplan,
)
from aftercare.planning import plan as planning
from aftercare.planning import undone
from aftercare.records import merged_messages
from aftercare.replies.receipts import task_source
from aftercare.services.recall import call_unless_told, note_call
from aftercare.services.telling import tell_patient_of_use, tell_patients
from aftercare.signals import message_ended, records_merged
from aftercare.tasks import (
    go_on_with_replans,
    go_on_with_tellings,
    send_due_messages,
    tell_staff,
)
from clinic.models import CartridgeLot, Clinic, User
from clinic.wakeups import wake
from patients.models import ContactConsent, Patient, PatientMerge, StaffTask, TaskKind
from patients.models.task import GRAVE
from patients.services import finish_source
from patients.signals import grave_task_raised
from sessions.lifecycle import SIGNED, PlanKind, Status
from sessions.models import (
    SEVERE,
    CartridgeUse,
    PlanEvent,
    SessionEvent,
    SideEffect,
    SideEffectNote,
    TreatmentSession,
)
from sessions.signals import (
    archived_or_restored,
    asked_for_messages,
    patient_knows_of_it,
    session_moved,
    session_taken_back,
)

PLANS: dict[str, list[Anchor]] = {
    Status.BOOKED: [Anchor.BOOKED, Anchor.MOVED, Anchor.STARTS],
    Status.COMPLETED: [Anchor.COMPLETED, Anchor.LAST_SESSION],
    Status.ABORTED: [Anchor.COMPLETED, Anchor.ABORTED],
    Status.NO_SHOW: [Anchor.MISSED],
    Status.CANCELLED: [Anchor.CANCELLED],
}
KNOWN = "the patient knows already"
UNSENT = (
    MessageStatus.FAILED,
    MessageStatus.EXPIRED,
    MessageStatus.SUPPRESSED,
    MessageStatus.CANCELLED,
)
CHANGES_THE_COURSE = (Status.BOOKED, *SIGNED, Status.CANCELLED, Status.NO_SHOW)


@receiver(session_moved)
def keep_messages_in_step(
    session: TreatmentSession,
    old: str,
    at: datetime,
    reschedules: bool = False,
    led_by: TreatmentSession | None = None,
    **_: Any,
) -> None:
    """Stop what no longer fits, plan what now does, and wake a worker once it is committed.

    Of a session that is rescheduled, its new booking tells, and the course is followed once, as it
    then is; of a sitting, its leading area tells. What can still be taken back is told afterwards.
    """
    if led_by:  # what was told and is to be told of the sitting
        Message.objects.filter(session=session).update(session=led_by)
    if old:  # a session that is new has no messages
        planning.stop_messages(session=session, at=at)
    is_told = not (reschedules or led_by or session.sitting_id)
    anchors = [] if not is_told else PLANS.get(session.status, [])
    follows = session.status in CHANGES_THE_COURSE and not reschedules
    if not anchors and not follows:
        return
    known = planning.look_up(session, anchors)
    moved_from = session.rescheduled_from if not old else None
    told_from = session.undo_until or (moved_from and moved_from.undo_until) or at
    planning.plan_messages(session=session, anchors=anchors, at=told_from, known=known)
    planning.follow_course(session=session, at=at, known=known, not_before=told_from)
    transaction.on_commit(lambda: wake(send_due_messages))


@receiver(session_taken_back)
def bring_back_what_was_stopped(
    session: TreatmentSession,
    ended: SessionEvent,
    instead: TreatmentSession | None,
    at: datetime,
    **_: Any,
) -> None:
    """As if it had never ended, for the patient has not heard of it. Raises UndoTooLate."""
    for message in undone.withdraw_what_was_to_tell(session, instead, at=at):
        finish_source(source=task_source(message), at=at, by=None, note=undone.TAKEN_BACK)
    undone.bring_back(session, ended=ended)
    known = planning.look_up(session, [])
    planning.follow_course(session=session, at=at, known=known)
    transaction.on_commit(lambda: wake(send_due_messages))


@receiver(patient_knows_of_it)
def announce_nothing(session: TreatmentSession, at: datetime, **_: Any) -> None:
    """Neither by a message nor, where it is too late for one, by a call."""
    rows = Message.objects.filter(session=session.leading_id, step__anchor__in=ANNOUNCES)
    announced = list(rows.locked())
    waiting = [message for message in announced if message.status == MessageStatus.PENDING]
    Message.end_together(waiting, MessageStatus.CANCELLED, KNOWN, at=at)
    for message in announced:
        finish_source(source=task_source(message), at=at, by=None, note=KNOWN)


@receiver(records_merged)
def keep_to_the_kept_record(merge: PatientMerge, at: datetime, by: User, **_: Any) -> None:
    merged_messages.follow_merge(merge, at=at, by=by)
    transaction.on_commit(lambda: wake(send_due_messages))


@receiver(asked_for_messages, sender=Patient)
def count_what_waits(row: Patient, **_: Any) -> int:
    """What would never arrive while the record is archived."""
    return Message.objects.open().filter(patient=row).count() if row.archived_at else 0


@receiver(post_save, sender=PlanEvent)
def ask_for_maintenance(instance: PlanEvent, raw: bool = False, **_: Any) -> None:
    """What follows a plan that is done decides when its patient is asked to book."""
    if not raw and instance.plan.kind == PlanKind.MAINTENANCE:
        planning.replan_patient(instance.plan.patient_id, at=instance.at)
        transaction.on_commit(lambda: wake(send_due_messages))


@receiver(archived_or_restored)
def withdraw_or_plan_again(patient: Patient, at: datetime, **_: Any) -> None:
    planning.replan_patient(patient.pk, at=at)
    transaction.on_commit(lambda: wake(send_due_messages))


@receiver(grave_task_raised)
def tell_who_is_on_call(task: StaffTask, at: datetime, **_: Any) -> None:
    """At once: whoever is on call, in quiet hours too."""
    tell_at_once(task=task, at=at)
    transaction.on_commit(lambda: wake(tell_staff))


@receiver(post_save, sender=StaffTask)
def go_on_after_the_report(instance: StaffTask, created: bool, **_: Any) -> None:
    if not created and instance.severity in GRAVE and instance.done_at:
        _go_on(instance.patient_id, at=instance.done_at)


@receiver(post_save, sender=SideEffect)
def go_on_after_the_side_effect(instance: SideEffect, created: bool, **_: Any) -> None:
    if not created and instance.resolved_at:
        _go_on(instance.session.patient_id, at=instance.resolved_at)


@receiver(post_save, sender=SideEffectNote)
def go_on_once_it_is_milder(instance: SideEffectNote, **_: Any) -> None:
    if instance.grade < SEVERE:
        _go_on(instance.side_effect.session.patient_id, at=instance.at)


def _go_on(patient_id: UUID | None, *, at: datetime) -> None:
    """What stood still as long as something grave was open: `nothing_grave_is_open` of the
    re-check."""
    if StaffTask.objects.grave().filter(patient=patient_id).exists():
        return
    if SideEffect.objects.grave().filter(session__patient=patient_id).exists():
        return
    waiting = Message.objects.filter(
        patient=patient_id, status=MessageStatus.PENDING, reason=STANDS_STILL
    )
    if waiting.update(due_at=at):
        transaction.on_commit(lambda: wake(send_due_messages))


# What planning reads of a patient and of a clinic. Whoever changes it, by a service, a form of the
# admin or a patient's page, saves the row: so one place hears of all, in the same transaction.
# (Whoever archives a record is asked first what becomes of what waits: `archived_or_restored`.)
READ_OF_PATIENT = {"time_zone", "email", "mobile", "skin_type"}
READ_OF_CLINIC = {"time_zone", "quiet_from", "quiet_until"}


def _may_have_changed(read: set[str], created: bool, update_fields: Any) -> bool:
    return not created and (update_fields is None or bool(read & set(update_fields)))


@receiver(post_save, sender=Patient)
def follow_the_record(
    instance: Patient, created: bool, update_fields: Any, raw: bool = False, **_: Any
) -> None:
    if not raw and _may_have_changed(READ_OF_PATIENT, created, update_fields):
        planning.replan_waiting(timezone.now(), patient=instance.pk)


@receiver(post_save, sender=ContactConsent)
def follow_the_word(instance: ContactConsent, raw: bool = False, **_: Any) -> None:
    if not raw:
        planning.replan_waiting(timezone.now(), patient=instance.patient_id)


@receiver(post_save, sender=Clinic)
def follow_the_clinic(
    instance: Clinic, created: bool, update_fields: Any, raw: bool = False, **_: Any
) -> None:
    if not raw and _may_have_changed(READ_OF_CLINIC, created, update_fields):
        planning.replan_waiting(timezone.now(), clinic=instance.pk)


@receiver(post_save, sender=CartridgeLot)
def tell_of_the_recall(
    instance: CartridgeLot, update_fields: Any, raw: bool = False, **_: Any
) -> None:
    """In the transaction of the recall, whoever saves it. A count of cartridges tells nobody."""
    if raw or not instance.recalled_at or "recalled_at" not in (update_fields or ["recalled_at"]):
        return
    tell_patients(lot_id=instance.pk, at=instance.recalled_at)


@receiver(post_save, sender=CartridgeUse)
def tell_who_was_treated_with_it(
    instance: CartridgeUse, created: bool, raw: bool = False, **_: Any
) -> None:
    """One that was in use when its lot was recalled is scanned afterwards."""
    if created and not raw and instance.deviation_id and instance.lot.recalled_at:
        assert instance.deviation is not None
        tell_patient_of_use(use=instance, at=instance.deviation.at)


@receiver(post_save, sender=StepReplan)
@receiver(post_save, sender=RecallTelling)
def have_a_worker_go_on(sender: Any, **_: Any) -> None:
    """At once with what is too much for the request that begins it."""
    task = go_on_with_replans if sender is StepReplan else go_on_with_tellings
    transaction.on_commit(lambda: wake(task))


@receiver(post_save, sender=StaffTask)
def note_who_was_called(instance: StaffTask, created: bool, raw: bool = False, **_: Any) -> None:
    if not (created or raw) and instance.kind == TaskKind.LOT_RECALL and instance.done_by:
        note_call(task=instance, by=instance.done_by)


@receiver(post_save, sender=StaffAnswer)
def send_the_answer(**_: Any) -> None:
    """At once: the patient waits for it."""
    transaction.on_commit(lambda: wake(send_due_messages))


@receiver(message_ended)
def use_the_other_channel(message: Message, status: str, at: datetime, **_: Any) -> None:
    """What certainly did not arrive on one channel may go out on the other."""
    if status in (MessageStatus.SUPPRESSED, MessageStatus.FAILED):
        planning.fall_back(message, at=at)
    if message.recall_notice_id and status in UNSENT:
        call_unless_told(message=message, at=at)
