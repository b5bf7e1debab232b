"""Every try to send a message, and what came of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftercare.models.message import Message
from clinic.models import ClinicScoped, Model, append_only


class Outcome(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("Accepted by the provider")
    REFUSED = "REFUSED", _("Certainly not accepted")
    UNKNOWN = "UNKNOWN", _("Accepted or not: unknown")
    DIED = "DIED", _("The worker died")


class MessageAttemptQuerySet(ClinicScoped["MessageAttempt"]):
    clinic_path = "message__clinic"


class MessageAttempt(Model):
    """What one try came to. Append-only, written in the transaction of the call.

    One try can have two rows: DIED, as it looked from outside, or UNKNOWN, and later ACCEPTED or
    REFUSED, when the provider was asked or the worker came back to tell.
    """

    message = models.ForeignKey(  # the unique constraint below begins with it
        Message, on_delete=models.PROTECT, related_name="tries", db_index=False
    )
    number = models.PositiveSmallIntegerField(help_text="Counted from 1 for each message.")
    provider = models.CharField(max_length=16, help_text="smtp, anymail, http, twilio, capture.")
    worker = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(
        null=True, help_text="How long the provider took; unknown if the worker died."
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    provider_id = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    objects = MessageAttemptQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_message_attempt"
        constraints = [
            models.UniqueConstraint(
                name="message_attempt_outcome_once", fields=["message", "number", "outcome"]
            ),
            models.CheckConstraint(
                name="message_attempt_outcome_known", condition=Q(outcome__in=Outcome.values)
            ),
            models.CheckConstraint(
                name="message_attempt_counted_from_one", condition=Q(number__gte=1)
            ),
        ]
        indexes = [
            models.Index(  # read by receipts that name the provider's id only
                name="message_attempt_by_provider_id",
                fields=["provider_id"],
                condition=~Q(provider_id=""),
            )
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"
