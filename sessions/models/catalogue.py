"""The catalogues of treatment: areas, their zones, and protocols."""

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.models import Model
from patients.models import Concern

# The product's hard band. Everything narrower is data (zones, protocols).
MIN_DEPTH_MM = Decimal("0.50")
MAX_DEPTH_MM = Decimal("2.50")
IN_BAND = (MIN_DEPTH_MM, MAX_DEPTH_MM)


def depth_field(**kwargs: Any) -> "models.DecimalField[Any, Any]":
    """A needle depth in mm, as dialled on the device."""
    return models.DecimalField(
        max_digits=3,
        decimal_places=2,
        validators=[MinValueValidator(MIN_DEPTH_MM), MaxValueValidator(MAX_DEPTH_MM)],
        **kwargs,
    )


def range_in_band(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(
            depth_min_mm__gte=MIN_DEPTH_MM,
            depth_max_mm__gte=F("depth_min_mm"),
            depth_max_mm__lte=MAX_DEPTH_MM,
        ),
        violation_error_message="Depths must be 0.50 to 2.50 mm, the smaller one first.",
    )


class Area(Model):
    """A part of the body that recovers as one, such as the face. A catalogue."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        db_table = "treatment_area"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Zone(Model):
    """A part of an area with a skin thickness of its own, such as the forehead. A catalogue."""

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="zones")
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    depth_min_mm = depth_field(default=MIN_DEPTH_MM)
    depth_max_mm = depth_field()
    note = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "treatment_zone"
        ordering = ["name"]
        constraints = [range_in_band("zone_range_in_band")]

    def __str__(self) -> str:
        return self.name


class Protocol(Model):
    """How one concern is treated on one area: depths, times and spacing. A catalogue."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="protocols")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="protocols")
    depth_min_mm = depth_field()
    depth_max_mm = depth_field()
    planned_sessions = models.PositiveSmallIntegerField(help_text="Usual number of sessions.")
    hard_min_days = models.PositiveSmallIntegerField(
        help_text="Days between two sessions on one area that only a practitioner may undercut."
    )
    target_days = models.PositiveSmallIntegerField(help_text="Usual days between two sessions.")
    duration_minutes = models.PositiveSmallIntegerField(help_text="Of the treatment.")
    cleaning_minutes = models.PositiveSmallIntegerField(help_text="Of room and device, after it.")
    source = models.CharField(max_length=300)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "treatment_protocol"
        ordering = ["name"]
        constraints = [
            range_in_band("protocol_range_in_band"),
            models.CheckConstraint(
                name="protocol_days_ordered",
                condition=Q(hard_min_days__gte=1, target_days__gte=F("hard_min_days")),
                violation_error_message="The target must not be below the hard minimum (≥ 1 day).",
            ),
            models.CheckConstraint(
                name="protocol_takes_time",
                condition=Q(duration_minutes__range=(5, 480), cleaning_minutes__lte=240),
                violation_error_message="A session lasts 5 to 480 minutes, cleaning at most 240.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
