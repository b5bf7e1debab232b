"""The outbox: one row is one message, and the rows are the queue."""

from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from aftercare.models.sequence import CareStep, MessageTemplate
from aftercare.signals import message_ended
from clinic.models import Clinic, ClinicScoped, Model
from patients.models import Channel, Patient
from sessions.models import TreatmentSession


class MessageStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    CLAIMED = "CLAIMED", "Claimed by a worker"
    SENDING = "SENDING", "Being sent"
    SENT = "SENT", "Sent"
    DELIVERED = "DELIVERED", "Delivered"
    IN_DOUBT = "IN_DOUBT", "In doubt"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"
    SUPPRESSED = "SUPPRESSED", "Suppressed"
    EXPIRED = "EXPIRED", "Expired"


HELD_BY_A_WORKER = (MessageStatus.CLAIMED, MessageStatus.SENDING)
OPEN = (MessageStatus.PENDING, *HELD_BY_A_WORKER)
ACCEPTED = (MessageStatus.SENT, MessageStatus.DELIVERED)
NEEDS_A_REASON = (
    MessageStatus.IN_DOUBT,
    MessageStatus.FAILED,
    MessageStatus.CANCELLED,
    MessageStatus.SUPPRESSED,
    MessageStatus.EXPIRED,
)


class MessageQuerySet(ClinicScoped["Message"]):
    def due(self, at: datetime) -> Self:
        return self.filter(status=MessageStatus.PENDING, due_at__lte=at)

    def open(self) -> Self:
        """What may still reach the patient."""
        return self.filter(status__in=OPEN)

    def give_back(self) -> None:
        """Of messages that are claimed, which is provably unsent: back into the queue."""
        self.update(status=MessageStatus.PENDING, worker="", lease_until=None)

    def locked(self) -> Self:
        """See Note [Lock order] in sessions.services: messages come last, by ascending id."""
        return self.select_for_update(of=("self",)).order_by("pk")


class Words(NamedTuple):
    """The last words on writing to a patient on one channel for one purpose."""

    has_agreed: bool  # the patient; silence is no
    refusal: str  # why the address is closed; "" if it is not


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
    template = models.ForeignKey(
        MessageTemplate, on_delete=models.PROTECT, null=True, db_index=False
    )
    provider_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When it left the queue, sent or not.")

    words: Words  # only of one that was read behind its locks: aftercare.dispatch.locked_read

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
            models.Index(  # read by the metrics
                name="message_by_end", fields=["ended_at"], condition=Q(ended_at__isnull=False)
            ),
            models.Index(name="message_by_patient", fields=["patient", "due_at"]),
            models.Index(
                name="message_by_clinic_due", fields=["clinic", "due_at"]
            ),  # read by lists
            models.Index(  # read by lists of one status
                name="message_by_clinic_status",
                fields=["clinic", "status", "id"],
                condition=~Q(status__in=HELD_BY_A_WORKER),  # which come and go: message_leased
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} by {self.get_channel_display()}: {self.get_status_display()}"

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

    # Those who call the methods below hold the row's lock.

    def end(self, status: str, reason: str, *, at: datetime) -> None:
        """Leave the queue unsent, or in doubt, and say why."""
        self.status, self.reason, self.ended_at = status, clean(reason, 300), at
        self._release()
        message_ended.send(Message, message=self, status=status, reason=self.reason, at=at)

    def put_back(self, *, due_at: datetime, reason: str) -> None:
        """Back into the queue for later."""
        self.status, self.due_at, self.reason = MessageStatus.PENDING, due_at, clean(reason, 300)
        self._release()

    def accepted(self, *, at: datetime, provider_id: str) -> None:
        """A provider took it; also known later of one that was in doubt. A worker that goes on
        writes the same at once with more (aftercare.dispatch.chain)."""
        self.status, self.sent_at, self.provider_id = (
            MessageStatus.SENT,
            at,
            clean(provider_id, 200),
        )
        self.reason, self.ended_at = "", at
        self._release()

    def delivered(self, *, at: datetime) -> bool:
        """It has arrived, says a receipt. False if that changes nothing: states move forward only.

        Also of one that waits for another try: then the try before had been accepted after all.
        """
        if self.status not in (*OPEN, MessageStatus.SENT, MessageStatus.IN_DOUBT):
            return False
        self.status, self.delivered_at, self.reason = MessageStatus.DELIVERED, at, ""
        self.sent_at, self.ended_at = self.sent_at or at, self.ended_at or at
        self._release()
        return True

    def bounced(self, reason: str, *, at: datetime) -> bool:
        """It will never arrive, says a receipt. False if that changes nothing."""
        if self.status not in (*OPEN, MessageStatus.SENT, MessageStatus.IN_DOUBT):
            return False
        self.end(MessageStatus.FAILED, reason, at=at)
        return True

    def _release(self) -> None:
        self.worker, self.lease_until = "", None
        self.save()


def clean(text: str, length: int) -> str:
    """Somebody else's words, as far as a column takes them: PostgreSQL has no NUL."""
    return text.replace("\0", "")[:length]
