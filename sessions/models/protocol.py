"""How deep, how often and how far apart: limits of zones, and protocols. Never edited."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import (
    Evidence,
    Model,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    one_of,
    version_once,
)
from clinic.values.moments import date_in_words
from clinic.values.names import shipped
from patients.models import Area, Concern, Zone

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
        violation_error_message=_("Depths must be 0.50 to 2.50 mm, the smaller one first."),
    )


class Endpoint(models.TextChoices):
    """What the skin shows when the practitioner stops."""

    NONE = "NONE", _("Nothing to see")
    ERYTHEMA = "ERYTHEMA", _("Erythema")
    PINPOINT_BLEEDING = "PINPOINT_BLEEDING", _("Pinpoint bleeding")
    EXCESSIVE_BLEEDING = "EXCESSIVE_BLEEDING", _("Excessive bleeding")


class ZoneLimit(Versioned):
    """How deep a zone may be needled at all, whatever the concern."""

    version_key = ("zone_id",)

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="limits")
    depth_min_mm = depth_field(default=MIN_DEPTH_MM)
    depth_max_mm = depth_field()
    is_blocked = models.BooleanField(default=False, help_text="Never needled.")
    passes_max = models.PositiveSmallIntegerField(help_text="More than these need a reason.")
    note = models.CharField(max_length=200, blank=True)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_zone_limit"
        constraints = [
            range_in_band("zone_range_in_band"),
            version_once("zone_limit_version_once", "zone"),
            one_of("zone_limit_evidence_known", evidence=Evidence),
            models.CheckConstraint(
                name="zone_limit_passes_in_range",
                condition=Q(passes_max__range=(1, 10)),
                violation_error_message=_("The passes must be 1 to 10."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{zone}: {low}–{high} mm").format(
            zone=self.zone, low=self.depth_min_mm, high=self.depth_max_mm
        )


class Protocol(Model):
    """How one concern is treated on one area. A catalogue; its numbers are in ProtocolVersion."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="protocols")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="protocols")
    is_active = models.BooleanField(default=True)

    in_effect_now: "ProtocolVersion | None" = None  # where a request has read it just now

    class Meta:
        db_table = "treatment_protocol"
        ordering = ["name"]
        constraints = [
            # The key of what a plan copies: see migration 0004_plans_fit_their_protocol.
            models.UniqueConstraint(
                name="protocol_key_with_what_it_treats", fields=["id", "concern", "area"]
            )
        ]

    def __str__(self) -> str:
        return shipped(self.name)

    def clean(self) -> None:
        if self.concern_id and self.area_id and (why := self.concern.why_not_on(self.area)):
            raise ValidationError({"area": why})


class ProtocolVersion(Versioned):
    """The numbers of a protocol: depths, passes, number and spacing of sessions, times.

    Between two sessions on one area lie at least `hard_min_days` (only a practitioner may
    undercut them), better `soft_min_days`, usually `target_min_days` to `target_max_days`.
    """

    version_key = ("protocol_id",)

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="versions")
    depth_min_mm = depth_field()
    depth_max_mm = depth_field()
    passes_max = models.PositiveSmallIntegerField()
    expected_endpoint = models.CharField(max_length=20, choices=Endpoint)
    planned_sessions = models.PositiveSmallIntegerField(help_text="Usual number of sessions.")
    stop_after_sessions = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Without a response after so many, the practitioner is asked whether to go on. "
        "Empty: after as many as the clinical rule says.",
    )
    hard_min_days = models.PositiveSmallIntegerField()
    soft_min_days = models.PositiveSmallIntegerField()
    target_min_days = models.PositiveSmallIntegerField()
    target_max_days = models.PositiveSmallIntegerField()
    duration_minutes = models.PositiveSmallIntegerField(help_text="Of the treatment.")
    minutes_per_zone = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="More for each planned zone after the first."
    )
    setup_minutes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Of room and device, before it."
    )
    cleaning_minutes = models.PositiveSmallIntegerField(help_text="Of room and device, after it.")
    studies = models.CharField(max_length=500, blank=True, help_text="What was done in them.")

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_protocol_version"
        constraints = [
            range_in_band("protocol_range_in_band"),
            version_once("protocol_version_once", "protocol"),
            one_of("protocol_version_evidence_known", evidence=Evidence),
            models.CheckConstraint(
                name="protocol_days_ordered",
                condition=Q(
                    hard_min_days__gte=1,
                    soft_min_days__gte=F("hard_min_days"),
                    target_min_days__gte=F("hard_min_days"),
                    target_max_days__gte=F("target_min_days"),
                ),
                violation_error_message=_("Days must be ordered: 1 ≤ hard ≤ soft, hard ≤ target."),
            ),
            models.CheckConstraint(
                name="protocol_takes_time",
                condition=Q(
                    duration_minutes__range=(5, 480),
                    minutes_per_zone__lte=40,
                    setup_minutes__lte=240,
                    cleaning_minutes__lte=240,
                ),
                violation_error_message=_(
                    "A session lasts 5 to 480 minutes, set-up and cleaning at "
                    "most 240 each, a further zone at most 40."
                ),
            ),
            models.CheckConstraint(
                name="protocol_stops_after_sessions",
                condition=Q(stop_after_sessions__isnull=True)
                | Q(stop_after_sessions__range=(1, 52)),
                violation_error_message=_("A response is looked for after 1 to 52 sessions."),
            ),
            models.CheckConstraint(
                name="protocol_passes_in_range",
                condition=Q(passes_max__range=(1, 10)),
                violation_error_message=_("The passes must be 1 to 10."),
            ),
            one_of("protocol_endpoint_known", expected_endpoint=Endpoint),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{protocol}, version {version}").format(
            protocol=self.protocol, version=self.version
        )

    def duration(self, zones: int) -> timedelta:
        """How long the treatment of so many zones takes."""
        return timedelta(minutes=self.duration_minutes + (zones - 1) * self.minutes_per_zone)


class ZoneRange(Model):
    """The depths of a protocol on one zone, where they differ from its usual ones."""

    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="zone_ranges"
    )
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="+")
    depth_min_mm = depth_field()
    depth_max_mm = depth_field()

    class Meta:
        db_table = "treatment_zone_range"
        constraints = [
            range_in_band("zone_range_of_protocol_in_band"),
            models.UniqueConstraint(
                name="zone_range_once_per_version", fields=["protocol_version", "zone"]
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{zone}: {low}–{high} mm").format(
            zone=self.zone, low=self.depth_min_mm, high=self.depth_max_mm
        )

    def clean(self) -> None:
        if self.zone_id and (why := self.zone.why_not_on(self.protocol_version.protocol.area)):
            raise ValidationError({"zone": why})


class ProtocolDraft(Model):
    """A version that is proposed, and counts once it is confirmed: by somebody else, where a clinic
    wants two people for it. It stays, as the record of who proposed and who confirmed."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="drafts")
    numbers = models.JSONField(encoder=DjangoJSONEncoder)
    zones = models.JSONField(
        default=list,
        encoder=DjangoJSONEncoder,
        help_text="Zone, least and greatest depth of each.",
    )
    based_on = models.PositiveIntegerField(help_text="The newest version then; 0 if none.")
    effective_from = models.DateTimeField(null=True, help_text="Empty: once it is confirmed.")
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    version = models.OneToOneField(
        ProtocolVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="draft",
        help_text="What it has become; nothing if it was discarded.",
    )

    class Meta:
        db_table = "treatment_protocol_draft"
        constraints = [
            models.CheckConstraint(
                name="protocol_draft_by_two_people",
                condition=Q(version__isnull=True) | ~Q(settled_by=F("proposed_by")),
                violation_error_message=_("Somebody else must confirm it."),
            ),
            models.CheckConstraint(
                name="protocol_draft_settled_by_somebody",
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, version__isnull=True)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="protocol_draft_one_at_a_time",
                fields=["protocol"],
                condition=Q(settled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return gettext("{protocol}, proposed {day}").format(
            protocol=self.protocol, day=date_in_words(self.proposed_at, "j M Y")
        )
