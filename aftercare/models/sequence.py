"""The message sequence as data: its steps, and the texts of each step in versions."""

from datetime import timedelta
from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models import Model
from patients.models import Channel, Purpose


class Anchor(models.TextChoices):
    """The moment that a step is counted from."""

    BOOKED = "BOOKED", "When the session is booked"
    STARTS = "STARTS", "When the session starts"
    COMPLETED = "COMPLETED", "When the session is completed"


class CareStep(Model):
    """One step of the sequence around a session, such as the check on the third day. A catalogue.

    `offset` is counted on the patient's wall clock and is negative before the anchor. A message
    that is later than `useful_for` does not help any more and is not sent.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    anchor = models.CharField(max_length=16, choices=Anchor)
    offset = models.DurationField(help_text="As in “-7 00:00:00” or “3 00:00:00” (days hours).")
    useful_for = models.DurationField(help_text="Later than this, it is not sent.")
    by_email = models.BooleanField("by e-mail", default=True)
    by_sms = models.BooleanField("by SMS", default=False)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.CARE)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "aftercare_step"
        constraints = [
            models.CheckConstraint(
                name="care_step_anchor_known", condition=Q(anchor__in=Anchor.values)
            ),
            models.CheckConstraint(
                name="care_step_is_useful_for_a_while",
                condition=Q(useful_for__gt=timedelta(0)),
                violation_error_message="A message must be useful for some time.",
            ),
            models.CheckConstraint(
                name="care_step_has_a_channel", condition=Q(by_email=True) | Q(by_sms=True)
            ),
            models.CheckConstraint(
                name="care_step_on_its_side_of_the_anchor",
                condition=Q(anchor=Anchor.STARTS, offset__lt=timedelta(0))
                | (~Q(anchor=Anchor.STARTS) & Q(offset__gte=timedelta(0))),
                violation_error_message="Steps counted from the start come before it, with a "
                "negative offset; all others come after.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def channels(self) -> list[Channel]:
        wanted = [(self.by_email, Channel.EMAIL), (self.by_sms, Channel.SMS)]
        return [channel for on, channel in wanted if on]


class MessageTemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def current(self, *, step_id: object, channel: object, language: str) -> Self:
        """The newest version in `language`, or else in English."""
        fallback = settings.LANGUAGE_CODE
        return (
            self.filter(step=step_id, channel=channel, language__in=[language, fallback])
            .annotate(in_own_language=Q(language=language))
            .order_by("-in_own_language", "-version")
        )


class MessageTemplate(Model):
    """One version of the text of a step, per channel and language.

    A version is never edited, not even by SQL: a new text is a new version, and each message
    keeps the version that it was sent with. The text may use the variables of
    `aftercare.rendering.VARIABLES`; the body of an e-mail is Markdown.
    """

    step = models.ForeignKey(CareStep, on_delete=models.PROTECT, related_name="templates")
    channel = models.CharField(max_length=8, choices=Channel)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=120, blank=True, help_text="Of an e-mail.")
    body = models.TextField(max_length=10_000)

    objects = MessageTemplateQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_template"
        constraints = [
            models.UniqueConstraint(
                name="template_version_once", fields=["step", "channel", "language", "version"]
            ),
            models.CheckConstraint(
                name="template_channel_known", condition=Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="template_subject_iff_email",
                condition=(Q(channel=Channel.EMAIL) & ~Q(subject=""))
                | Q(channel="SMS", subject=""),
                violation_error_message="An e-mail needs a subject, an SMS has none.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.step}, {self.channel}, {self.language}, version {self.version}"

    def clean(self) -> None:
        from aftercare.rendering import check_text  # rendering reads this model

        check_text(self.subject)
        check_text(self.body)
