"""Consent to be treated, and to be photographed."""

import hashlib
from datetime import date
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models import (
    ClinicScoped,
    Evidence,
    M,
    Model,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
    track_history,
    version_once,
)
from clinic.values.moments import date_in_words
from patients.models.patient import Patient


class ConsentKind(models.TextChoices):
    TREATMENT = "TREATMENT", _("Treatment")
    PHOTO = "PHOTO", _("Photographs")


class ConsentText(Versioned):
    """What is signed, in one language. `sha256` proves which words they were."""

    version_key = ("kind", "language")

    kind = models.CharField(max_length=12, choices=ConsentKind)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    title = models.CharField(max_length=120)
    body = models.TextField(max_length=50_000, help_text="Markdown.")
    sha256 = models.CharField(max_length=64, editable=False)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "patient_consent_text"
        constraints = [
            version_once("consent_text_version_once", "kind", "language"),
            one_of("consent_text_evidence_known", evidence=Evidence),
            one_of("consent_text_kind_known", kind=ConsentKind),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{title}, {language}, version {version}").format(
            title=self.title, language=self.get_language_display(), version=self.version
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sha256 = hashlib.sha256(self.body.encode()).hexdigest()
        super().save(*args, **kwargs)


class ConsentClause(Model):
    """One thing that the signer ticks on its own, such as off-label use."""

    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="clauses")
    code = models.SlugField(max_length=40)
    wording = models.CharField(max_length=1_000)
    is_required = models.BooleanField(help_text="Without it there is no consent at all.")

    class Meta:
        db_table = "patient_consent_clause"
        constraints = [models.UniqueConstraint(name="consent_clause_once", fields=["text", "code"])]
        triggers = append_only()

    def __str__(self) -> str:
        return self.code.replace("-", " ").capitalize()


class ConsentHandout(Model):
    """A patient was given a consent text to read, at home or in the clinic. Append-only: the days
    that lie between reading and treatment are counted from it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consent_handouts")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField(editable=False)
    handed_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text="Empty if it was read at home.",
    )

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_consent_handout"
        indexes = [
            by_clinic("consent_handout_of_clinic"),
            models.Index(name="consent_handout_first", fields=["patient", "text", "handed_at"]),
        ]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return f"{self.text}, {date_in_words(self.handed_at, 'j M Y')}"


OFF_LABEL = "off-label"
STROKES = r"\A(?:M\d{1,3} \d{1,3}(?:L\d{1,3} \d{1,3})*)*\Z"


class GivenConsentQuerySet(ClinicScoped[M]):
    def valid(self, on: date) -> Self:
        """Not revoked, and not expired by `on`."""
        return self.filter(revoked_at__isnull=True, expires_on__gte=on)


class GivenConsent(Model):
    """A signature under a consent text. It never changes; it can be revoked once, at once."""

    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    text_sha256 = models.CharField(max_length=64, editable=False)
    signed_at = models.DateTimeField()
    signer_name = models.CharField(max_length=160)
    signer_relation = models.CharField(
        max_length=80, blank=True, help_text="If not the patient: parent, guardian…"
    )
    recorded_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty if it was signed at home.",
    )
    expires_on = models.DateField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoke_reason = EncryptedCharField(max_length=300, blank=True)

    class Meta:
        abstract = True


def revocable(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(revoked_at__isnull=True, revoke_reason="")
        | (Q(revoked_at__isnull=False) & ~Q(revoke_reason="")),
    )


def signed_for_good() -> list[pgtrigger.Trigger]:
    """Nothing but the revocation may ever be added, and only once."""
    return [
        pgtrigger.ReadOnly(name="signed_for_good", exclude=["revoked_at", "revoke_reason"]),
        pgtrigger.Protect(
            name="revoked_for_good",
            operation=pgtrigger.Update,
            condition=pgtrigger.Q(old__revoked_at__isnull=False),
        ),
        pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
    ]


@track_history(exclude=("clinic",))
class TreatmentConsent(GivenConsent):
    """The patient agrees to be treated on these zones with these devices."""

    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="treatment_consents"
    )
    zones = ArrayField(models.SlugField(max_length=40), help_text="What it covers.")
    device_models = ArrayField(models.SlugField(max_length=40), help_text="With which devices.")
    clauses = ArrayField(models.SlugField(max_length=40), help_text="What was ticked.")
    patient_assented = models.BooleanField(
        "the patient agrees too",
        default=False,
        db_default=False,
        help_text="Where a guardian signs: the patient was asked, and agrees.",
    )
    witness = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signature = models.TextField(
        blank=True,
        default="",
        db_default="",
        max_length=20_000,
        validators=[RegexValidator(STROKES, _("Draw it again, or leave it empty."))],
        help_text="The strokes as drawn, 600 wide and 200 high; empty if the name was typed.",
    )

    clinic = clinic_field()

    objects = GivenConsentQuerySet.as_manager()

    class Meta:
        db_table = "patient_treatment_consent"
        constraints = [revocable("treatment_consent_revoked_with_reason")]
        indexes = [
            by_clinic("treatment_consent_of_clinic"),
            by_choice("treatment_consent_by_expiry", "expires_on"),
            models.Index(
                name="treatment_consent_revoked",
                fields=["clinic", "id"],
                condition=Q(revoked_at__isnull=False),
            ),
        ]
        triggers = [*signed_for_good(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("Treatment consent of {signed_at}").format(
            signed_at=date_in_words(self.signed_at, "j M Y")
        )


class PhotoScope(models.TextChoices):
    CLINICAL = "CLINICAL", _("Clinical record")
    TEACHING = "TEACHING", _("Teaching")
    MARKETING = "MARKETING", _("Marketing")


@track_history(exclude=("clinic",))
class PhotoConsent(GivenConsent):
    """The patient agrees to photographs for one purpose. Each purpose is a consent of its own."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="photo_consents")
    scope = models.CharField(max_length=12, choices=PhotoScope)

    clinic = clinic_field()

    objects = GivenConsentQuerySet.as_manager()

    class Meta:
        db_table = "patient_photo_consent"
        constraints = [
            revocable("photo_consent_revoked_with_reason"),
            one_of("photo_consent_scope_known", scope=PhotoScope),
        ]
        indexes = [
            by_clinic("photo_consent_of_clinic"),
            by_choice("photo_consent_by_expiry", "expires_on"),
            models.Index(
                name="photo_consent_revoked",
                fields=["clinic", "id"],
                condition=Q(revoked_at__isnull=False),
            ),
        ]
        triggers = [*signed_for_good(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("{scope} photographs, {signed_at}").format(
            scope=self.get_scope_display(), signed_at=date_in_words(self.signed_at, "j M Y")
        )
