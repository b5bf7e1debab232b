"""What staff do with messages and texts."""

from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext, gettext_noop

from aftercare.lifecycle import BY_STAFF, UNDECIDED
from aftercare.models import CareStep, Message, MessageStatus, MessageTemplate
from aftercare.replies.receipts import task_source
from aftercare.texts.checks import check
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User
from clinic.values.moments import date_in_words
from patients.services import finish_source
from patients.services.records import require_open


class NotCancellable(Conflict):
    code = "not_cancellable"
    title = gettext_noop("This message cannot be cancelled")


class NotResendable(Conflict):
    code = "not_resendable"
    title = gettext_noop("This message cannot be sent again")


class CopyWaiting(Conflict):
    code = "copy_waiting"
    title = gettext_noop("This message is being sent again already")


class NotInDoubt(Conflict):
    code = "not_in_doubt"
    title = gettext_noop("This message is not in doubt")


@retried_transaction
def add_template_version(
    *,
    step: CareStep,
    channel: str,
    language: str,
    subject: str,
    body: str,
    at: datetime,
    by: User,
    max_parts: int = 1,
) -> MessageTemplate:
    """Add the next version of a text; messages from now on are made with it.

    Raises ValidationError for what `aftercare.texts.checks` objects to.
    """
    CareStep.objects.select_for_update().get(pk=step.pk)  # versions are counted one at a time
    texts = MessageTemplate.objects.filter(step=step, channel=channel, language=language)
    last = texts.aggregate(last=Max("version"))["last"] or 0
    template = MessageTemplate(
        step=step,
        channel=channel,
        language=language,
        version=last + 1,
        subject=subject,
        body=body,
        max_parts=max_parts,
    )
    template.full_clean()
    check(template)
    template.save()
    return template


def _locked(message_id: UUID) -> Message:
    return Message.objects.locked().get(pk=message_id)


def _now(message: Message) -> str:
    return message.get_status_display().lower()


@retried_transaction
def cancel_message(*, message_id: UUID, at: datetime, by: User) -> Message:
    """Take a message out of the queue. Raises NotCancellable once it is on its way or ended."""
    message = _locked(message_id)
    if MessageStatus.CANCELLED not in BY_STAFF[message.status]:
        raise NotCancellable(
            gettext("It is {now}; only a waiting message can be cancelled.").format(
                now=_now(message)
            )
        )
    message.end(
        MessageStatus.CANCELLED,
        gettext("cancelled by {username}").format(username=by.username),
        at=at,
    )
    return message


@retried_transaction
def resend_message(*, message_id: UUID, at: datetime, by: User) -> Message:
    """Plan an ended message once more, as the next occurrence of its step; returns the new one.

    Raises NotResendable while it is still under way or in doubt: then decide that first. Raises
    CopyWaiting while another occurrence is.
    """
    message = Message.objects.get(pk=message_id)
    copies = Message.objects.filter(
        session=message.session_id, step=message.step_id, channel=message.channel
    )
    # All of them, so that two who send two of them again meet here; then, behind the locks, afresh.
    list(copies.locked().values_list("pk"))
    message.refresh_from_db()
    require_open(message.patient)
    if message.status in UNDECIDED:
        raise NotResendable(
            gettext("It is {now}; only an ended message can be sent again.").format(
                now=_now(message)
            )
        )
    last = copies.order_by("-occurrence")[0]
    if waiting := copies.filter(status__in=UNDECIDED).order_by("occurrence").first():
        raise CopyWaiting(
            gettext(
                "A copy of it, from {day} at {time} UTC, is {status}: wait for that one, or "
                "cancel it."
            ).format(
                day=date_in_words(waiting.created_at, "j M Y"),
                time=f"{waiting.created_at:%H:%M}",
                status=waiting.get_status_display().lower(),
            )
        )
    finish_source(
        source=task_source(message), at=at, by=by, note=gettext("the message is sent again")
    )
    return Message.objects.create(
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        session_id=message.session_id,
        step_id=message.step_id,
        channel=message.channel,
        answer_id=message.answer_id,
        recall_notice_id=message.recall_notice_id,
        occurrence=last.occurrence + 1,
        due_at=at,
        expires_at=max(message.expires_at, at + message.step.useful_for),
        reason=gettext("sent again by {username}").format(username=by.username),
    )


@retried_transaction
def resolve_message(*, message_id: UUID, delivered: bool, at: datetime, by: User) -> Message:
    """Decide a message in doubt: it did arrive, or it did not. Raises NotInDoubt."""
    message = _locked(message_id)
    if MessageStatus.FAILED not in BY_STAFF[message.status]:
        raise NotInDoubt(gettext("It is {now}.").format(now=_now(message)))
    if delivered:
        message.record_acceptance(at=at, provider_id=message.provider_id)
    else:
        message.end(
            MessageStatus.FAILED,
            gettext("not delivered, says {username}").format(username=by.username),
            at=at,
        )
    # After the end, which raises a task for what has failed: here a person knows already.
    finish_source(
        source=task_source(message), at=at, by=by, note=gettext("the message was resolved")
    )
    return message
