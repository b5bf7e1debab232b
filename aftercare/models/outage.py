"""A channel on which nothing is accepted."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from clinic.values.moments import date_in_words
from patients.models import Channel


class Outage(models.Model):
    """Of one channel, the outage that is on or was the last. How it opens and closes:
    aftercare.dispatch.outages."""

    channel = models.CharField(max_length=8, primary_key=True, choices=Channel)
    opened_at = models.DateTimeField(null=True, help_text="When it began; none is on without.")
    paused_until = models.DateTimeField(null=True, help_text="When one message is tried again.")
    refusals = models.PositiveIntegerField(default=0)
    reply = models.CharField(max_length=300, help_text="What the provider said last, masked.")
    suspect_id = models.UUIDField(help_text="The message that was refused first.")

    class Meta:
        db_table = "aftercare_outage"
        constraints = [
            models.CheckConstraint(
                name="outage_channel_known", condition=Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="outage_open_iff_paused",
                condition=Q(opened_at__isnull=True, paused_until__isnull=True)
                | Q(opened_at__isnull=False, paused_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        on = (
            gettext("since {opened_at} UTC").format(
                opened_at=date_in_words(self.opened_at, "Y-m-d H:i")
            )
            if self.opened_at
            else "over"
        )
        return f"{self.get_channel_display()}: {on}"
