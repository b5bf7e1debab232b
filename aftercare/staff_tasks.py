"""What did not or cannot reach the patient, or what nobody can be sure of, becomes a task."""

from datetime import datetime
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils.translation import gettext

from aftercare.lifecycle import ACCEPTED, OPEN
from aftercare.models import ANNOUNCES, AT_ONCE, AddressSource, Message, MessageStatus
from aftercare.replies.opt_out import refusal
from aftercare.replies.receipts import task_source
from aftercare.signals import message_ended
from patients.models import Channel, ContactConsent, Purpose, StaffTask, TaskKind
from patients.services import finish_source, raise_task

KINDS: dict[str, TaskKind] = {
    MessageStatus.FAILED: TaskKind.MESSAGE_FAILED,
    MessageStatus.IN_DOUBT: TaskKind.MESSAGE_IN_DOUBT,
    MessageStatus.EXPIRED: TaskKind.MESSAGE_EXPIRED,
}


@receiver(message_ended)
def raise_follow_up(message: Message, status: str, reason: str, at: datetime, **_: Any) -> None:
    """In the transaction that ended the message. An offer that came too late is no loss. Whom a
    recall does not reach is called: aftercare.services.recall."""
    if message.recall_notice_id and status != MessageStatus.IN_DOUBT:
        return
    kind = KINDS.get(status)
    if status == MessageStatus.SUPPRESSED and _reaches_nobody(message):
        kind = TaskKind.MESSAGE_FAILED
    if kind is None or (kind == TaskKind.MESSAGE_EXPIRED and message.step.purpose != Purpose.CARE):
        return
    source = task_source(message)
    if kind == TaskKind.MESSAGE_FAILED:
        doubts = StaffTask.objects.filter(source=source, kind=TaskKind.MESSAGE_IN_DOUBT)
        if doubts.open().exists():
            finish_source(source=source, at=at, by=None, note=gettext("it has failed"))
    call = gettext("Tell by phone: ") if message.step.anchor in ANNOUNCES else ""
    raise_task(
        clinic=message.clinic,
        patient=message.patient,
        kind=kind,
        title=f"{call}{kind.label}: {message.step}, {message.patient}",
        detail=f"{message.get_channel_display()}: {reason}",
        source=source,
        at=at,
    )


@receiver(post_save, sender=ContactConsent)
def say_that_only_start_helps(
    instance: ContactConsent, created: bool, raw: bool = False, **_: Any
) -> None:
    """The desk notes a yes to SMS although the patient's phone has sent STOP, which stands."""
    if raw or not created or not instance.granted or instance.channel != Channel.SMS:
        return
    patient = instance.patient
    word = refusal(channel=Channel.SMS, address=patient.mobile, purpose=instance.purpose)
    if instance.recorded_by_id and word and word.source == AddressSource.REPLY:
        raise_task(
            clinic=patient.clinic,
            patient=patient,
            kind=TaskKind.BAD_ADDRESS,
            title=gettext("No SMS until START is sent from that phone: {patient}").format(
                patient=patient
            ),
            detail=gettext(
                "A yes was noted, but this number has sent STOP. No SMS goes out to it until the"
                " patient sends START from the same phone."
            ),
            source=f"stopped:{patient.pk}",
            at=instance.recorded_at,
        )


def _reaches_nobody(message: Message) -> bool:
    """An announcement, a warning, or what somebody waits for, that may not go out on this channel
    or the other: somebody has to call."""
    must_be_heard = message.step.is_safety or message.step.anchor in (*ANNOUNCES, *AT_ONCE)
    if not must_be_heard:
        return False
    others = Message.objects.filter(
        session=message.session_id, step=message.step_id, answer=message.answer_id
    )
    return not others.exclude(pk=message.pk).filter(status__in=[*OPEN, *ACCEPTED]).exists()
