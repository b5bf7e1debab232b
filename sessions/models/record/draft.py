"""What somebody has typed into a chart and not written yet."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext

from clinic.db.encryption import EncryptedJSONField
from clinic.models import Model, User
from clinic.values.moments import date_in_words
from sessions.models.session import TreatmentSession


class ChartDraft(Model):
    """The form of a chart as one person has left it: gone once it is written or the record signed.

    What stands in it may be half a number. Nothing reads it but the form that it came from.
    """

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="chart_drafts"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = EncryptedJSONField(default=dict, help_text="Names of fields, and what was typed.")
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "treatment_chart_draft"
        constraints = [
            models.UniqueConstraint(name="chart_draft_once", fields=["session", "by"]),
        ]

    def __str__(self) -> str:
        return gettext("Draft of {by}, {moment}").format(
            by=self.by, moment=date_in_words(timezone.localtime(self.saved_at), "j M Y H:i")
        )
