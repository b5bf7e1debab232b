"""What providers report about messages after they have taken them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftercare.models.message import Message
from clinic.models import ClinicScoped, Model, append_only, one_of


class ReceiptKind(models.TextChoices):
    SENT = "SENT", _("Accepted")
    DELIVERED = "DELIVERED", _("Delivered")
    SOFT_BOUNCE = "SOFT_BOUNCE", _("Bounced for now")
    HARD_BOUNCE = "HARD_BOUNCE", _("The address does not exist")
    COMPLAINT = "COMPLAINT", _("Reported as spam")
    FAILED = "FAILED", _("Not delivered")


class DeliveryReceiptQuerySet(ClinicScoped["DeliveryReceipt"]):
    clinic_path = "message__clinic"


class DeliveryReceipt(Model):
    """One event of a provider, once. Append-only; what it changed is in the message."""

    provider = models.CharField(max_length=16)
    event_id = models.CharField(max_length=200)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=12, choices=ReceiptKind)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    detail = models.CharField(max_length=300, blank=True)

    objects = DeliveryReceiptQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_delivery_receipt"
        constraints = [
            models.UniqueConstraint(name="receipt_once_per_event", fields=["provider", "event_id"]),
            one_of("receipt_kind_known", kind=ReceiptKind),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.get_kind_display()
