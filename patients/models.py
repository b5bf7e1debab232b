"""Who is treated, for which concern, and on which channels they may be written to."""

import re
from datetime import date
from typing import Any, Self
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower, Now
from django.utils import timezone
from phonenumber_field.modelfields import PhoneNumberField

from clinic.models import Clinic, ClinicScoped, Model, User, keyed_with_clinic, known_time_zone


class Concern(Model):
    """What a patient wants treated, such as acne scars. A catalogue."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "patient_concern_kind"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SkinType(models.IntegerChoices):
    """Fitzpatrick skin type (LOINC 66555-4)."""

    I = 1, "I"  # noqa: E741
    II = 2, "II"
    III = 3, "III"
    IV = 4, "IV"
    V = 5, "V"
    VI = 6, "VI"


EARLIEST_BIRTH = date(1900, 1, 1)


def birth_date(day: date) -> None:
    """Refuse a day that nobody living was born on."""
    if not EARLIEST_BIRTH <= day <= timezone.localdate():
        raise ValidationError("A birth date lies between 1900 and today.", code="birth_date")


class PatientQuerySet(ClinicScoped["Patient"]):
    def search(self, text: str) -> Self:
        """Patients in whose name, e-mail, mobile number or birth date every word of `text` stands.

        A birth date is written 1990-12-31. Telephone numbers are found with or without the
        country code. Of more than a thousand matches, any thousand: a longer text finds fewer.
        """
        found = self
        for word in text.lower().split():
            try:
                found = found.filter(date_of_birth=date.fromisoformat(word))
            except ValueError:
                if not re.search(r"[^\d+()/.-]", word):
                    word = re.sub(r"\D", "", word).lstrip("0")
                found = found.filter(search_text__contains=word)
        # The limit keeps PostgreSQL on the trigram index: without it, the planner may walk
        # the whole table in the order of the page.
        return self.filter(pk__in=found.values("pk")[:1000])


class Patient(Model):
    """One person at one clinic. Archived, never deleted."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    date_of_birth = models.DateField(validators=[birth_date])
    email = models.EmailField(blank=True)
    mobile = PhoneNumberField(blank=True, help_text="With country code, such as +49 151 23456789.")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        max_length=40,
        blank=True,
        validators=[known_time_zone],
        help_text="Only if it differs from the clinic's.",
    )
    skin_type = models.PositiveSmallIntegerField(
        choices=SkinType, null=True, blank=True, help_text="Fitzpatrick."
    )
    notes = models.TextField(blank=True, max_length=10_000)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                "given_name",
                Value(" "),
                "family_name",
                Value(" "),
                "email",
                Value(" "),
                "mobile",
                output_field=models.TextField(),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        db_table = "patient"
        constraints = [
            models.CheckConstraint(
                name="patient_skin_type_known",
                condition=Q(skin_type__isnull=True) | Q(skin_type__in=SkinType.values),
            ),
            models.CheckConstraint(
                name="patient_born_after_1900",
                condition=Q(date_of_birth__gte=EARLIEST_BIRTH),
                violation_error_message="The year of birth must be 1900 or later.",
            ),
            models.CheckConstraint(
                name="patient_language_known",
                condition=Q(language__in=[code for code, _ in settings.LANGUAGES]),
            ),
            keyed_with_clinic("patient_key_with_clinic"),
        ]
        indexes = [
            models.Index(name="patient_by_name", fields=["clinic", "family_name", "given_name"]),
            models.Index(name="patient_by_birth", fields=["clinic", "date_of_birth"]),
            GinIndex(  # without a pending list: few write, and a search must never be slow
                name="patient_by_search_text",
                fields=["search_text"],
                opclasses=["gin_trgm_ops"],
                fastupdate=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.version += 1  # the ETag: an edit in the admin counts like one by the API
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def zone(self) -> ZoneInfo:
        """The patient's own time zone, or else the clinic's (which must be loaded)."""
        return ZoneInfo(self.time_zone) if self.time_zone else self.clinic.zone


class Channel(models.TextChoices):
    EMAIL = "EMAIL", "E-mail"
    SMS = "SMS", "SMS"


class Purpose(models.TextChoices):
    CARE = "CARE", "Appointments and aftercare"
    RECALL = "RECALL", "Recall and maintenance offers"


class ContactConsentQuerySet(ClinicScoped["ContactConsent"]):
    clinic_path = "patient__clinic"

    def current(self) -> Self:
        """The newest word per patient, channel and purpose."""
        key = ("patient_id", "channel", "purpose")
        return self.order_by(*key, "-recorded_at", "-id").distinct(*key)

    def granted(self, *, patient_id: Any, channel: str, purpose: str) -> bool:
        """Whether the last word of this patient was yes. Silence is no."""
        last = (
            self.filter(patient_id=patient_id, channel=channel, purpose=purpose)
            .order_by("-recorded_at", "-id")
            .first()
        )
        return last is not None and last.granted


class ContactConsent(Model):
    """One entry of the ledger: a patient agreed, or no longer agrees, to be written to.

    Append-only, for the application and for SQL: what counts is the newest entry.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="contact_consents")
    channel = models.CharField(max_length=8, choices=Channel)
    purpose = models.CharField(max_length=8, choices=Purpose)
    granted = models.BooleanField()
    wording = models.TextField(max_length=2_000, help_text="What the patient was asked.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False)

    objects = ContactConsentQuerySet.as_manager()

    class Meta:
        db_table = "patient_contact_consent"
        constraints = [
            models.CheckConstraint(
                name="contact_consent_channel_known", condition=Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="contact_consent_purpose_known", condition=Q(purpose__in=Purpose.values)
            ),
        ]
        indexes = [
            models.Index(
                name="contact_consent_newest",
                fields=["patient", "channel", "purpose", "-recorded_at"],
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        answer = "yes" if self.granted else "no"
        return f"{self.get_channel_display()}, {self.get_purpose_display()}: {answer}"
