"""What was said about a session after it was signed."""

from django.db import models

from clinic.db.encryption import EncryptedTextField
from clinic.models import Model, User, append_only
from sessions.models.session import TreatmentSession


class Addendum(Model):
    """What is added to a signed record. The record itself never changes."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="addenda")
    text = EncryptedTextField(max_length=10_000)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "treatment_addendum"
        verbose_name_plural = "addenda"
        triggers = append_only()

    def __str__(self) -> str:
        return f"Addendum of {self.at:%d %b %Y}"
