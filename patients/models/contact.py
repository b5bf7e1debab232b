"""A patient's word on being written to."""

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedTextField
from clinic.models import (
    ClinicScoped,
    Model,
    User,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
)
from patients.models.patient import Patient


class Channel(models.TextChoices):
    EMAIL = "EMAIL", _("E-mail")
    SMS = "SMS", "SMS"


class Purpose(models.TextChoices):
    CARE = "CARE", _("Appointments and aftercare")
    RECALL = "RECALL", _("Recall and maintenance offers")


class ContactConsentQuerySet(ClinicScoped["ContactConsent"]):
    def current(self) -> Self:
        """The newest word per patient, channel and purpose."""
        key = ("patient_id", "channel", "purpose")
        return self.order_by(*key, "-recorded_at", "-id").distinct(*key)


class ContactConsent(Model):
    """One entry of the ledger: a patient agreed, or no longer agrees, to be written to.

    Append-only, for the application and for SQL: what counts is the newest entry.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="contact_consents")
    channel = models.CharField(max_length=8, choices=Channel)
    purpose = models.CharField(max_length=8, choices=Purpose)
    granted = models.BooleanField()
    wording = EncryptedTextField(max_length=2_000, help_text="What the patient was asked.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False)

    clinic = clinic_field()

    objects = ContactConsentQuerySet.as_manager()

    class Meta:
        db_table = "patient_contact_consent"
        constraints = [
            one_of("contact_consent_channel_known", channel=Channel),
            one_of("contact_consent_purpose_known", purpose=Purpose),
        ]
        indexes = [
            by_clinic("contact_consent_of_clinic"),
            *(
                by_choice(f"contact_consent_by_{field}", field)
                for field in ("channel", "purpose", "granted")
            ),
            models.Index(
                name="contact_consent_newest",
                fields=["patient", "channel", "purpose", "-recorded_at"],
            ),
        ]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        words = (
            gettext("{channel}, {purpose}: yes")
            if self.granted
            else gettext("{channel}, {purpose}: no")
        )
        return words.format(channel=self.get_channel_display(), purpose=self.get_purpose_display())
