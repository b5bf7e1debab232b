"""What was done in a session, with what, and what the safety rules said about it.

All of it is open while the session is, and locked by the database once the session is signed.
"""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.findings import Severity
from clinic.models import CartridgeLot, Clinic, Model, User, one_of, track_history
from patients.models import Zone
from sessions.models.product import Product
from sessions.models.protocol import IN_BAND, Endpoint, depth_field
from sessions.models.record.deviation import Deviation
from sessions.models.record.tube import (
    TUBE_LABEL,
    TWO_IDENTIFIERS,
    Identifier,
    tube_code,
)
from sessions.models.session import TreatmentSession
from sessions.models.triggers import (
    cartridge_fit_for_use,
    locked_once_signed,
    tube_of_this_patient,
)

MAX_PASSES = 10


class Side(models.TextChoices):
    BOTH = "BOTH", _("Both sides")
    LEFT = "LEFT", _("Left")
    RIGHT = "RIGHT", _("Right")


class Direction(models.TextChoices):
    HORIZONTAL = "HORIZONTAL", _("Horizontal")
    VERTICAL = "VERTICAL", _("Vertical")
    OBLIQUE = "OBLIQUE", _("Oblique")


@track_history()
class ZoneTreatment(Model):
    """What was done on one zone: the depth is the dial setting of the device."""

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="zone_treatments"
    )
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=8, choices=Side, default=Side.BOTH)
    depth_mm = depth_field(help_text="As dialled on the device, 0.50 to 2.50 mm.")
    passes = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PASSES)]
    )
    directions = ArrayField(
        models.CharField(max_length=12, choices=Direction), default=list, blank=True
    )
    endpoint = models.CharField(max_length=20, choices=Endpoint, default=Endpoint.ERYTHEMA)
    note = EncryptedCharField(max_length=500, blank=True)

    class Meta:
        db_table = "treatment_zone_treatment"
        constraints = [
            models.CheckConstraint(
                name="zone_depth_in_band",
                condition=Q(depth_mm__range=IN_BAND),
                violation_error_message=_("The depth must be 0.50 to 2.50 mm."),
            ),
            models.CheckConstraint(
                name="zone_passes_in_range",
                condition=Q(passes__range=(1, MAX_PASSES)),
                violation_error_message=_("The passes must be 1 to 10."),
            ),
            one_of("zone_endpoint_known", endpoint=Endpoint),
            one_of("zone_side_known", side=Side),
            models.UniqueConstraint(
                name="zone_treated_once_per_session", fields=["session", "zone", "side"]
            ),
        ]
        triggers = [locked_once_signed()]

    def __str__(self) -> str:
        return gettext("{zone}: {depth} mm × {passes}").format(
            zone=self.zone, depth=self.depth_mm, passes=self.passes
        )

    def clean(self) -> None:
        area = self.session.area
        if self.zone_id and area and (why := self.zone.why_not_on(area)):
            raise ValidationError({"zone": why})


@track_history()
class CartridgeUse(Model):
    """One sterile cartridge, used for one session and then thrown away.

    The database refuses one that was used before, or belongs to a lot that this clinic does not
    have; one that has expired or was recalled without a deviation that tells how it came about.
    """

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="cartridge_uses"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False, related_name="+")
    lot = models.ForeignKey(CartridgeLot, on_delete=models.PROTECT, related_name="uses")
    serial = models.CharField(max_length=20)
    used_on = models.DateField(help_text="On the clinic's calendar.")
    deviation = models.OneToOneField(
        Deviation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="cartridge_use",
        help_text="Of one that was recalled or had expired, and was in use before anybody knew.",
    )

    class Meta:
        db_table = "treatment_cartridge_use"
        constraints = [
            models.UniqueConstraint(
                name="cartridge_used_once",
                fields=["lot", "serial"],
                violation_error_message=_("This cartridge was used before."),
            )
        ]
        triggers = [
            locked_once_signed(),
            cartridge_fit_for_use(),
        ]

    def __str__(self) -> str:
        return gettext("{lot}, serial {serial}").format(lot=self.lot, serial=self.serial)


@track_history()
class ProductUse(Model):
    """An anaesthetic, serum or dressing that was put on the skin, with its lot."""

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="product_uses"
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="uses")
    lot = models.CharField(max_length=40)
    grams = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    area_cm2 = models.PositiveIntegerField("area (cm²)", null=True, blank=True)
    on_at = models.DateTimeField(null=True, blank=True)
    off_at = models.DateTimeField(null=True, blank=True)
    is_occluded = models.BooleanField(default=False)
    prescriber = models.CharField(max_length=120, blank=True)
    tube_label = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="Of a blood product: as scanned from the tube just before use.",
    )
    identifiers = ArrayField(
        models.CharField(max_length=12, choices=Identifier),
        default=list,
        db_default=[],
        blank=True,
        help_text="By which the patient was told from others; a tube needs two.",
    )
    note = EncryptedCharField(max_length=500, blank=True)

    class Meta:
        db_table = "treatment_product_use"
        constraints = [
            models.CheckConstraint(
                name="product_use_tube_readable",
                condition=Q(tube_label="") | Q(tube_label__regex=TUBE_LABEL),
                violation_error_message=_(
                    "This is no label of a tube: it looks like 3FA29C01-7B2E04-1."
                ),
            ),
            models.CheckConstraint(
                name="product_use_tube_by_two_identifiers",
                condition=Q(tube_label="") | TWO_IDENTIFIERS,
                violation_error_message=_(
                    "Tell the patient by two identifiers before blood is used."
                ),
            ),
            models.CheckConstraint(
                name="product_use_identifiers_known",
                condition=Q(identifiers__contained_by=Identifier.values),
                violation_error_message=_("One of the identifiers is not known."),
            ),
            models.UniqueConstraint(
                name="product_use_tube_once",
                fields=["tube_label"],
                condition=~Q(tube_label=""),
                violation_error_message=_("This tube was used before: throw it away."),
            ),
            models.CheckConstraint(
                name="product_use_off_after_on",
                condition=Q(off_at__isnull=True) | Q(off_at__gte=F("on_at")),
                violation_error_message=_("It cannot come off before it went on."),
            ),
            models.CheckConstraint(
                name="product_use_amounts_positive",
                condition=(Q(grams__isnull=True) | Q(grams__gt=0))
                & (Q(area_cm2__isnull=True) | Q(area_cm2__gt=0)),
                violation_error_message=_("Grams and area must be above zero."),
            ),
        ]
        triggers = [locked_once_signed(), tube_of_this_patient()]

    def __str__(self) -> str:
        return gettext("{product}, lot {lot}").format(product=self.product, lot=self.lot)

    def minutes_on(self, *, at: datetime) -> int | None:
        """How long it was on the skin, or is so far; None if nobody has said since when."""
        if self.on_at is None or self.on_at > at:
            return None
        return int(((self.off_at or at) - self.on_at).total_seconds() // 60)

    def clean(self) -> None:
        self.tube_label = self.tube_label.strip().upper()
        if not self.tube_label:
            return
        code = tube_code(self.session)
        if not self.tube_label.startswith(code):
            told = gettext(
                "Stop: the tubes of this patient and visit are labelled {code}-1, -2 and so on."
            ).format(code=code)
            raise ValidationError({"tube_label": told})
        if len(set(self.identifiers)) < 2:
            raise ValidationError(
                {"identifiers": gettext("Tell the patient by two identifiers first.")}
            )


@track_history()
class SessionFinding(Model):
    """What a safety rule said about this session, and who decided to go on in spite of it.

    Written when it is overridden; the rest of what was found is written when the record is signed.
    """

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, blank=True)
    severity = models.CharField(max_length=8, choices=Severity)
    message = models.CharField(max_length=500)
    rule = models.CharField(max_length=120)
    source = models.CharField(max_length=400)
    numbers = models.JSONField(default=dict)
    clear_on = models.DateField(null=True)
    overridden_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    overridden_at = models.DateTimeField(null=True)
    override_reason = EncryptedCharField(max_length=500, blank=True)
    signed_off_by = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Physician or prescriber."
    )
    signed_off_on = models.DateField(null=True)

    class Meta:
        db_table = "treatment_session_finding"
        constraints = [
            models.UniqueConstraint(
                name="session_finding_once", fields=["session", "code", "subject"]
            ),
            one_of("session_finding_severity_known", severity=Severity),
            models.CheckConstraint(
                name="session_finding_override_whole",
                condition=Q(
                    overridden_by__isnull=True, overridden_at__isnull=True, override_reason=""
                )
                | (
                    Q(overridden_by__isnull=False, overridden_at__isnull=False)
                    & ~Q(override_reason="")
                ),
            ),
            models.CheckConstraint(
                name="session_finding_sign_off_whole",
                condition=Q(signed_off_by="", signed_off_on__isnull=True)
                | (
                    Q(overridden_by__isnull=False, signed_off_on__isnull=False)
                    & ~Q(signed_off_by="")
                ),
            ),
        ]
        triggers = [locked_once_signed()]

    def __str__(self) -> str:
        return self.message
