"""What was done in a session."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from clinic.models import Model
from sessions.models.catalogue import IN_BAND, Zone, depth_field
from sessions.models.session import TreatmentSession

MAX_PASSES = 10


class Endpoint(models.TextChoices):
    """What the skin showed when the practitioner stopped."""

    NONE = "NONE", "None"
    ERYTHEMA = "ERYTHEMA", "Erythema"
    PINPOINT_BLEEDING = "PINPOINT_BLEEDING", "Pinpoint bleeding"
    EXCESSIVE_BLEEDING = "EXCESSIVE_BLEEDING", "Excessive bleeding"


class ZoneTreatment(Model):
    """What was done on one zone in a session."""

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="zone_treatments"
    )
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="+")
    depth_mm = depth_field(help_text="As dialled on the device, 0.50 to 2.50 mm.")
    passes = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PASSES)]
    )
    endpoint = models.CharField(max_length=20, choices=Endpoint, default=Endpoint.ERYTHEMA)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "treatment_zone_treatment"
        constraints = [
            models.CheckConstraint(
                name="zone_depth_in_band",
                condition=Q(depth_mm__range=IN_BAND),
                violation_error_message="The depth must be 0.50 to 2.50 mm.",
            ),
            models.CheckConstraint(
                name="zone_passes_in_range",
                condition=Q(passes__range=(1, MAX_PASSES)),
                violation_error_message="The passes must be 1 to 10.",
            ),
            models.CheckConstraint(
                name="zone_endpoint_known", condition=Q(endpoint__in=Endpoint.values)
            ),
            models.UniqueConstraint(
                name="zone_treated_once_per_session", fields=["session", "zone"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone}: {self.depth_mm} mm × {self.passes}"
