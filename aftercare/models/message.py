"""The outbox: one row is one message, and the rows are the queue."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from aftercare.lifecycle import (
    ACCEPTED,
    HELD_BY_A_WORKER,
    MESSAGE_NEXT,
    NEEDS_A_REASON,
    OPEN,
    ROUTINE,
    MessageStatus,
)
from aftercare.models.recall import RecallNotice
from aftercare.models.sequence import CareStep, MessageTemplate
from aftercare.signals import message_ended
from clinic.errors import Conflict
from clinic.models import Clinic, ClinicScoped, Model, in_words, refuse, track_history
from patients.models import Channel, Patient
from sessions.models import TreatmentSession


class IllegalMessageMove(Conflict):
    code = "illegal_message_move"
    title = gettext_noop("The message cannot do this now")


class MessageQuerySet(ClinicScoped["Message"]):
    def due(self, at: datetime) -> Self:
        return self.filter(status=MessageStatus.PENDING, due_at__lte=at)

    def open(self) -> Self:
        """What may still reach the patient."""
        return self.filter(status__in=OPEN)

    def requeue(self) -> None:
        """Of messages that are claimed, which is provably unsent: back into the queue."""
        self.update(status=MessageStatus.PENDING, worker="", lease_until=None)

    def locked(self) -> Self:
        """See Note [Lock order] in sessions.services: messages come last, by ascending id."""
        return self.select_for_update(of=("self",)).order_by("pk")


class Permission(NamedTuple):
    """Whether a patient may be written to now, on one channel for one purpose."""

    has_agreed: bool  # the patient; silence is no
    refusal: str  # why the address is closed; "" if it is not
    stands_still: bool = False  # something grave of the patient is open


def is_one_of(moves: Iterable[tuple[str, str]]) -> str:
    """SQL for a trigger: whether an update makes one of these moves."""
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in sorted(moves))
    return f"(OLD.status, NEW.status) IN ({pairs})"


def legal_move() -> pgtrigger.Trigger:
    """Refuse every change of the status that the table of `aftercare.lifecycle` does not have. As
    a condition of the trigger the table costs a worker's statements nothing that can be measured.
    """
    legal = is_one_of((old, new) for old, following in MESSAGE_NEXT.items() for new in following)
    words = "'a message that is ' || OLD.status || ' cannot become ' || NEW.status"
    return pgtrigger.Trigger(
        name="legal_move",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Condition(f"OLD.status <> NEW.status AND NOT {legal}"),
        func=f"{refuse(words, 'message_move_is_legal')} RETURN NEW;",
    )


def tells_of_a_recall() -> pgtrigger.Trigger:
    """A notice is told once a provider has accepted the first message of it: whoever writes, for
    what workers write is SQL."""
    return pgtrigger.Trigger(
        name="tells_of_a_recall",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("sent_at"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Condition(
            "NEW.recall_notice_id IS NOT NULL AND NEW.sent_at IS NOT NULL AND OLD.sent_at IS NULL"
        ),
        func="""
            UPDATE aftercare_recall_notice SET told_at = greatest(NEW.sent_at, issued_at)
            WHERE id = NEW.recall_notice_id AND told_at IS NULL;
            RETURN NULL;
        """,
    )


@track_history(
    pghistory.UpdateEvent(
        "move",
        condition=pgtrigger.Condition(f"OLD.status <> NEW.status AND NOT {is_one_of(ROUTINE)}"),
    ),
    fields=["status", "reason", "due_at"],
)
class Message(Model):
    """One message to one patient on one channel. How it travels: docs/messages.md.

    Texts are not stored: step and template version are, and the text is made when it is sent.
    """

    version_parts = ("tries", "receipts")

    # Keys without an index of their own: those in Meta begin with them, and steps and templates
    # are never deleted. Every change of status writes to all indexes of the row, so there are no
    # more than are read.
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, db_index=False)
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    step = models.ForeignKey(CareStep, on_delete=models.PROTECT, db_index=False)
    channel = models.CharField(max_length=8, choices=Channel)
    occurrence = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(
        max_length=12,
        choices=MessageStatus,
        default=MessageStatus.PENDING,
        db_default=MessageStatus.PENDING,
    )
    reason = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True)
    answer = models.ForeignKey(
        "aftercare.StaffAnswer",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="messages",
        help_text="What staff have answered, if this tells it.",
    )
    recall_notice = models.ForeignKey(
        RecallNotice,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="messages",
        help_text="What is recalled, if this tells of it.",
    )
    template = models.ForeignKey(
        MessageTemplate, on_delete=models.PROTECT, null=True, db_index=False
    )
    provider_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When it left the queue, sent or not.")

    permission: (
        Permission  # only of one that was read behind its locks: aftercare.dispatch.locked_read
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_message"
        constraints = [
            models.UniqueConstraint(
                name="message_once_per_session_step_channel",
                fields=["session", "step", "channel", "occurrence"],
            ),
            models.CheckConstraint(
                name="message_status_known", condition=Q(status__in=MessageStatus.values)
            ),
            models.CheckConstraint(
                name="message_channel_known", condition=Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="message_sent_iff_sent_at",
                condition=Q(status__in=ACCEPTED, sent_at__isnull=False)
                | Q(status=MessageStatus.FAILED)  # also of what was sent and came back
                | (~Q(status__in=ACCEPTED) & Q(sent_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_delivered_iff_delivered_at",
                condition=Q(status=MessageStatus.DELIVERED, delivered_at__isnull=False)
                | (~Q(status=MessageStatus.DELIVERED) & Q(delivered_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_leased_iff_held",
                condition=(
                    Q(status__in=HELD_BY_A_WORKER, lease_until__isnull=False) & ~Q(worker="")
                )
                | (~Q(status__in=HELD_BY_A_WORKER) & Q(lease_until__isnull=True, worker="")),
            ),
            models.CheckConstraint(
                name="message_unsent_has_a_reason",
                condition=~Q(status__in=NEEDS_A_REASON) | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(
                name="message_of_answer", fields=["answer"], condition=Q(answer__isnull=False)
            ),
            models.Index(
                name="message_of_recall_notice",
                fields=["recall_notice"],
                condition=Q(recall_notice__isnull=False),
            ),
            models.Index(  # read by dispatch.claim
                name="message_pending_by_due",
                fields=["due_at", "id"],
                condition=Q(status=MessageStatus.PENDING),
            ),
            models.Index(  # read by dispatch.reap
                name="message_leased",
                fields=["lease_until"],
                condition=Q(status__in=HELD_BY_A_WORKER),
            ),
            models.Index(  # read by reap.expire
                name="message_pending_by_expiry",
                fields=["expires_at"],
                condition=Q(status=MessageStatus.PENDING),
            ),
            models.Index(  # read by the watchdog
                name="message_in_doubt",
                fields=["ended_at"],
                condition=Q(status=MessageStatus.IN_DOUBT),
            ),
            models.Index(  # read by the frame of every page, and by Today
                name="message_failed",
                fields=["clinic", "ended_at"],
                condition=Q(status=MessageStatus.FAILED),
            ),
            models.Index(  # read by the metrics
                name="message_by_end", fields=["ended_at"], condition=Q(ended_at__isnull=False)
            ),
            models.Index(name="message_by_patient", fields=["patient", "due_at"]),
            models.Index(
                name="message_by_clinic_due", fields=["clinic", "due_at"]
            ),  # read by lists
            models.Index(  # read by lists of one status
                name="message_by_clinic_status",
                fields=["clinic", "status", "due_at", "id"],
                condition=~Q(status__in=HELD_BY_A_WORKER),  # which come and go: message_leased
            ),
        ]
        triggers = [legal_move(), tells_of_a_recall()]

    def __str__(self) -> str:
        return gettext("{step} by {channel}: {status}").format(
            step=self.step, channel=self.get_channel_display(), status=self.get_status_display()
        )

    @property
    def key(self) -> UUID:
        """What providers know it by on every try: the Message-ID, the idempotency key."""
        pk: UUID = self.pk
        return pk

    @property
    def address(self) -> str:
        """Where it goes, as the patient's record says now; empty if there is none."""
        on_email = self.channel == Channel.EMAIL
        return self.patient.email if on_email else str(self.patient.mobile or "")

    def can_become(self, new: str) -> bool:
        return new in MESSAGE_NEXT[self.status]

    def move_to(self, new: str, *, reason: str = "") -> str:
        """Change the status, save the row and let go of it: workers' claims and marks apart, which
        are SQL (aftercare.dispatch.claim), the only place where that happens. The caller holds the
        row's lock.

        The database keeps the history, whoever writes. Returns the old status. Raises
        IllegalMessageMove.
        """
        old = self._become(new, reason)
        self.save()
        return old

    def _become(self, new: str, reason: str) -> str:
        if not self.can_become(new):
            is_now, wanted = in_words(MessageStatus, self.status), in_words(MessageStatus, new)
            legal = in_words(MessageStatus, *MESSAGE_NEXT[self.status])
            raise IllegalMessageMove(
                gettext(
                    "A message that is {is_now} cannot become {wanted}; possible: {legal}."
                ).format(is_now=is_now, wanted=wanted, legal=legal)
            )
        old, self.status, self.reason = self.status, new, clean(reason, 300)
        self.worker, self.lease_until = "", None
        return old

    def end(self, status: str, reason: str, *, at: datetime) -> None:
        """Leave the queue unsent, or in doubt, and say why."""
        self.ended_at = at
        self.move_to(status, reason=reason)
        message_ended.send(Message, message=self, status=status, reason=self.reason, at=at)

    @staticmethod
    def end_together(messages: "list[Message]", status: str, reason: str, *, at: datetime) -> None:
        """`end` of several at once. The caller holds the locks of all."""
        for message in messages:
            message.ended_at = at
            message._become(status, reason)
        if messages:
            one, ids = messages[0], [message.pk for message in messages]
            names = ("status", "reason", "worker", "lease_until", "ended_at")
            Message.objects.filter(pk__in=ids).update(
                **{name: getattr(one, name) for name in names}
            )
        for message in messages:
            message_ended.send(
                Message, message=message, status=status, reason=message.reason, at=at
            )

    def requeue(self, *, due_at: datetime, reason: str) -> None:
        """Back into the queue for later."""
        self.due_at = due_at
        self.move_to(MessageStatus.PENDING, reason=reason)

    def record_acceptance(self, *, at: datetime, provider_id: str) -> None:
        """A provider took it; also known later of one that was in doubt."""
        self.sent_at, self.ended_at, self.provider_id = at, at, clean(provider_id, 200)
        self.move_to(MessageStatus.SENT)

    def record_delivery(self, *, at: datetime) -> bool:
        """It has arrived, says a receipt. False if that changes nothing: it moves forward only.

        Also of one that waits for another try: then the try before had been accepted after all.
        """
        if not self.can_become(MessageStatus.DELIVERED):
            return False
        self.delivered_at = at
        self.sent_at, self.ended_at = self.sent_at or at, self.ended_at or at
        self.move_to(MessageStatus.DELIVERED)
        return True

    def record_bounce(self, reason: str, *, at: datetime) -> bool:
        """It will never arrive, says a receipt. False if that changes nothing."""
        if not self.can_become(MessageStatus.FAILED):
            return False
        self.end(MessageStatus.FAILED, reason, at=at)
        return True


def clean(text: str, length: int) -> str:
    """Somebody else's words, as far as a column takes them: PostgreSQL has no NUL."""
    return text.replace("\0", "")[:length]
