"""What was said about a session after it was signed."""

from django.db import models
from django.utils.translation import gettext

from clinic.db.encryption import EncryptedTextField
from clinic.models import Model, User, append_only
from clinic.values.moments import date_in_words
from sessions.models.session import TreatmentSession


class Addendum(Model):
    """What is added to a signed record. The record itself never changes."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="addenda")
    text = EncryptedTextField(max_length=10_000)
    is_patients_wish = models.BooleanField(
        "correction note",
        default=False,
        db_default=False,
        help_text="The patient disputes what the record says; the text is what they say.",
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "treatment_addendum"
        verbose_name_plural = "addenda"
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{kind} of {day}").format(
            kind=self.kind, day=date_in_words(self.at, "j M Y")
        )

    @property
    def kind(self) -> str:
        return gettext("Correction note") if self.is_patients_wish else gettext("Addendum")
