"""The outbox: one row is one message, and the rows are the queue."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from aftercare.models.sequence import CareStep, MessageTemplate
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
        return self.filter(status__in=[MessageStatus.PENDING, *HELD_BY_A_WORKER])

    def locked(self) -> Self:
        """See Note [Lock order] in sessions.services: messages come last, by ascending id."""
        return self.select_for_update(of=("self",)).order_by("pk")


class Message(Model):
    """One message to one patient on one channel. How it travels: docs/messages.md.

    `key` is fixed at planning and is the Message-ID and the provider's idempotency key on every
    try. Texts are not stored: step and template version are, and the text is made when it is sent.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="messages")
    step = models.ForeignKey(CareStep, on_delete=models.PROTECT)
    channel = models.CharField(max_length=8, choices=Channel)
    occurrence = models.PositiveSmallIntegerField(default=1)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
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
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, null=True)
    provider_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)

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
                | (~Q(status__in=ACCEPTED) & Q(sent_at__isnull=True)),
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
            models.Index(name="message_by_patient", fields=["patient", "due_at"]),
            models.Index(name="message_by_clinic_status", fields=["clinic", "status", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.step} by {self.get_channel_display()}: {self.get_status_display()}"

    def end(self, status: str, reason: str) -> None:
        """Leave the queue unsent, or in doubt, and say why. The caller holds the row's lock."""
        self.status, self.reason = status, reason
        self._release()

    def put_back(self, *, due_at: datetime, reason: str) -> None:
        """Back into the queue for later. The caller holds the row's lock."""
        self.status, self.due_at, self.reason = MessageStatus.PENDING, due_at, reason
        self._release()

    def accepted(self, *, at: datetime, provider_id: str) -> None:
        """A provider took it. The caller holds the row's lock."""
        self.status, self.sent_at, self.provider_id = MessageStatus.SENT, at, provider_id
        self.reason = ""
        self._release()

    def _release(self) -> None:
        self.worker, self.lease_until = "", None
        self.save()
