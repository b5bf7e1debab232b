"""What patients write back: one row for each message that came in, keyword or not."""

from typing import Self

import pgtrigger
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from aftercare.models.message import Message
from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.models import Clinic, ClinicScoped, Model, User, of_clinics, one_of
from patients.models import Audience, Channel, Patient, StaffTask, TaskStatus
from patients.models.task import meant_for

# Whether somebody has looked after it: here, or by its task.
IS_HANDLED = Case(
    When(handled_at__isnull=False, then=Value(True)),
    When(task__status=TaskStatus.DONE, then=Value(True)),
    default=Value(False),
)


class Keyword(models.TextChoices):
    STOP = "STOP", _("Stop")
    CANCEL = "CANCEL", _("Cancel")
    START = "START", _("Start")
    YES = "YES", _("Yes")
    CONFIRM = "CONFIRM", _("Confirm")
    CHANGE = "CHANGE", pgettext_lazy("keyword of a reply", "Change")
    HELP = "HELP", _("Help")


class InboundQuerySet(ClinicScoped["InboundMessage"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What came in for the caller's clinics and is meant for the caller's role.

        What belongs to no clinic, such as a reply from an unknown number, is for every desk.
        """
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(meant_for(user), of_clinics(user.clinic_ids) | Q(clinic__isnull=True))

    def with_handled(self) -> Self:
        return self.annotate(is_handled=IS_HANDLED)

    def waiting(self) -> Self:
        rows = self.alias(handled=IS_HANDLED)
        return rows.filter(handled=False, handled_at__isnull=True)  # which has an index


class InboundMessage(Model):
    """A reply by SMS, or what a patient wrote on the page of a message.

    `reply` is what was answered at once; a webhook that is repeated gets it again. `patient` is
    only set when it is certain who wrote: a number may be shared. `handled_by` is empty for what
    the product has looked after by itself.
    """

    version_parts = ("answers",)

    channel = models.CharField(max_length=8, choices=Channel)
    sender = models.CharField(max_length=254)
    to = models.CharField(max_length=254, blank=True)
    body = EncryptedTextField(max_length=4_000, blank=True)
    provider = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    keyword = models.CharField(max_length=8, choices=Keyword, blank=True)
    maybe_opt_out = models.BooleanField("maybe an opt-out", default=False)
    audience = models.CharField(
        max_length=12, choices=Audience, default=Audience.FRONT_DESK, db_default="FRONT_DESK"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True)
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="inbound_messages"
    )
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, null=True, related_name="replies"
    )
    task = models.ForeignKey(StaffTask, on_delete=models.PROTECT, null=True, related_name="+")
    reply = models.CharField(max_length=480, blank=True)
    reply_kind = models.CharField(
        max_length=20, blank=True, db_default="", help_text="Which of our answers it was."
    )
    offered = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        help_text="The visits that our answer numbered, from 1.",
    )
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    handled_note = EncryptedCharField(
        "note",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="What was found and done.",
    )

    candidates: list[Patient]  # set by aftercare.replies.inbox

    objects = InboundQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_inbound_message"
        constraints = [
            models.UniqueConstraint(
                name="inbound_once_per_provider", fields=["provider", "provider_id"]
            ),
            one_of("inbound_channel_known", channel=Channel),
            models.CheckConstraint(
                name="inbound_keyword_known", condition=Q(keyword__in=["", *Keyword.values])
            ),
            one_of("inbound_audience_known", audience=Audience),
            models.CheckConstraint(
                name="inbound_handled_at_before_by",
                condition=Q(handled_at__isnull=False) | Q(handled_by__isnull=True),
            ),
            models.CheckConstraint(
                name="inbound_is_of_its_patients_clinic",
                condition=Q(patient__isnull=True) | Q(clinic__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="inbound_unhandled", fields=["id"], condition=Q(handled_at__isnull=True)
            ),
            models.Index(  # read by the frame of every page
                name="inbound_unhandled_lately",
                fields=["clinic", "received_at"],
                condition=Q(handled_at__isnull=True),
            ),
            models.Index(name="inbound_by_audience", fields=["audience", "id"]),
            models.Index(
                name="inbound_by_keyword", fields=["keyword", "id"], condition=~Q(keyword="")
            ),
            models.Index(
                name="inbound_maybe_opt_out", fields=["id"], condition=Q(maybe_opt_out=True)
            ),
            models.Index(name="inbound_by_sender", fields=["sender", "-id"]),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="as_received",
                fields=[
                    "channel",
                    "sender",
                    "to",
                    "body",
                    "provider",
                    "provider_id",
                    "reply",
                    "offered",
                ],
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return gettext("{channel} from {sender}").format(
            channel=self.get_channel_display(), sender=self.sender
        )
