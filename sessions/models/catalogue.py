"""What devices are cleared for, products and scales. Versioned, never edited."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import (
    DeviceModel,
    Evidence,
    Jurisdiction,
    Model,
    Versioned,
    VersionedQuerySet,
    append_only,
    one_of,
    version_once,
)
from clinic.values.names import shipped
from patients.models import SkinType
from sessions.models.healing.score_rules import label_on_scale
from sessions.models.protocol import IN_BAND, depth_field


def codes(**kwargs: Any) -> "ArrayField[Any, Any]":
    return ArrayField(models.SlugField(max_length=40), default=list, blank=True, **kwargs)


class DeviceClearance(Versioned):
    """What a device model has been cleared for: inside of it is on-label, outside off-label."""

    version_key = ("model_id", "reference")

    model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, related_name="clearances")
    reference = models.CharField(max_length=20, help_text="Such as K202243.")
    jurisdiction = models.CharField(
        max_length=8,
        choices=Jurisdiction,
        default=Jurisdiction.US,
        db_default=Jurisdiction.US,
        help_text="Whose authority has cleared it.",
    )
    indication = models.CharField(max_length=200)
    concerns = codes()
    subtypes = codes(
        db_default=[], help_text="Forms of the concern that it names; any form if none is named."
    )
    zones = codes()
    skin_types = ArrayField(models.PositiveSmallIntegerField(choices=SkinType), default=list)
    min_age = models.PositiveSmallIntegerField(help_text="Years.")
    depth_max_mm = depth_field(null=True, blank=True)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_device_clearance"
        constraints = [
            version_once("device_clearance_version_once", "model", "reference"),
            one_of("device_clearance_evidence_known", evidence=Evidence),
            one_of("device_clearance_jurisdiction_known", jurisdiction=Jurisdiction),
            models.CheckConstraint(
                name="device_clearance_depth_in_band",
                condition=Q(depth_max_mm__isnull=True) | Q(depth_max_mm__range=IN_BAND),
                violation_error_message=_("The depth must be 0.50 to 2.50 mm."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.reference}: {self.indication}"


class RaterRole(models.TextChoices):
    CLINICIAN = "CLINICIAN", _("Clinician")
    PATIENT = "PATIENT", _("Patient")
    BLINDED = "BLINDED", _("Blinded assessor")


class OutcomeScale(Versioned):
    """A scale that results are measured with: its range, and which end is the good one."""

    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    rater_roles = ArrayField(models.CharField(max_length=12, choices=RaterRole))
    score_min = models.DecimalField(max_digits=7, decimal_places=2)
    score_max = models.DecimalField(max_digits=7, decimal_places=2)
    score_step = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(1),
        db_default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="Scores differ by this or a multiple of it: 1 for a scale of grades.",
    )
    concerns = codes(help_text="What it measures; anything if none is named.")
    lower_is_better = models.BooleanField()
    no_change_score = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Of a scale that compares with before the treatment: the score of no change. "
        "Empty: it measures a state, and a baseline is compared with later.",
    )
    minimal_important_difference = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Smaller differences mean nothing to a patient; empty where no study says.",
    )
    difference_source = models.CharField(max_length=200, blank=True)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_outcome_scale"
        constraints = [
            version_once("outcome_scale_version_once", "code"),
            one_of("outcome_scale_evidence_known", evidence=Evidence),
            models.CheckConstraint(
                name="outcome_scale_range_ordered",
                condition=Q(score_min__lt=F("score_max")),
                violation_error_message=_("The highest score must be above the lowest."),
            ),
            models.CheckConstraint(
                name="outcome_scale_no_change_in_range",
                condition=Q(no_change_score__isnull=True)
                | Q(no_change_score__gte=F("score_min"), no_change_score__lte=F("score_max")),
                violation_error_message=_("The score of no change must be one of the scale."),
            ),
            models.CheckConstraint(
                name="outcome_scale_difference_has_source",
                condition=Q(minimal_important_difference__isnull=True, difference_source="")
                | (
                    Q(minimal_important_difference__isnull=False)
                    & Q(minimal_important_difference__gt=0)
                    & ~Q(difference_source="")
                ),
                violation_error_message=_(
                    "Name the source of the difference, which is above 0: both, or neither."
                ),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return shipped(self.name)


class ScoreLabel(Model):
    """What a score of a scale means, in words of one language."""

    scale = models.ForeignKey(OutcomeScale, on_delete=models.PROTECT, related_name="labels")
    score = models.DecimalField(max_digits=7, decimal_places=2)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    label = models.CharField(max_length=120)

    class Meta:
        db_table = "treatment_score_label"
        constraints = [
            models.UniqueConstraint(
                name="score_label_once_per_language", fields=["scale", "score", "language"]
            ),
            models.CheckConstraint(
                name="score_label_not_empty",
                condition=~Q(label=""),
                violation_error_message=_("Say what the score means."),
            ),
        ]
        triggers = [*append_only(), label_on_scale()]

    def __str__(self) -> str:
        return f"{self.score:g}: {self.label}"
