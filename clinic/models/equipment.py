"""Devices, what they are specified for, and the sterile cartridges that they use."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models.base import (
    ClinicScoped,
    Evidence,
    Model,
    Versioned,
    VersionedQuerySet,
    append_only,
    areas_field,
    key_with_clinic,
    one_of,
    version_once,
)
from clinic.models.site import Clinic
from clinic.values.moments import date_in_words


class Modality(models.TextChoices):
    """Only mechanical needling is in use; radio-frequency is another class of risk."""

    MECHANICAL = "MECHANICAL", _("Mechanical")
    RADIO_FREQUENCY = "RADIO_FREQUENCY", _("Radio-frequency")


class DeviceModel(Model):
    """A make of microneedling device. A catalogue; its numbers are in DeviceSpec."""

    code = models.SlugField(max_length=40, unique=True)
    maker = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    modality = models.CharField(max_length=16, choices=Modality, default=Modality.MECHANICAL)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "clinic_device_model"
        ordering = ["name"]
        constraints = [one_of("device_model_modality_known", modality=Modality)]

    def __str__(self) -> str:
        return self.name


class DeviceSpec(Versioned):
    """The numbers of a device model: how deep it can go and how exactly."""

    version_key = ("model_id",)

    model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, related_name="specs")
    depth_max_mm = models.DecimalField(max_digits=3, decimal_places=2)
    tolerance_mm = models.DecimalField(max_digits=3, decimal_places=2)
    needles = models.PositiveSmallIntegerField(null=True, blank=True)
    lists_isotretinoin = models.BooleanField(
        help_text="Does the label list current isotretinoin as a contraindication?"
    )

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "clinic_device_spec"
        constraints = [
            version_once("device_spec_version_once", "model"),
            one_of("device_spec_evidence_known", evidence=Evidence),
            models.CheckConstraint(
                name="device_spec_depth_positive",
                condition=Q(depth_max_mm__gt=0, tolerance_mm__gte=0),
                violation_error_message=_("The depth must be above zero, the tolerance not below."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{model}, to {depth} mm").format(model=self.model, depth=self.depth_max_mm)


class Device(Model):
    """One microneedling device, the unit with its serial number."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="devices")
    model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, related_name="units")
    serial = models.CharField(max_length=60)
    areas = areas_field()
    is_active = models.BooleanField(default=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_device"
        constraints = [
            models.UniqueConstraint(name="device_serial_once", fields=["model", "serial"]),
            key_with_clinic("device_key_with_clinic"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.serial}"


class CartridgeLot(Model):
    """A delivery of sterile single-use cartridges, as its GS1 code names it.

    What is on the box never changes; a recall is added to it.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="cartridge_lots")
    device_model = models.ForeignKey(
        DeviceModel, on_delete=models.PROTECT, related_name="cartridge_lots"
    )
    gtin = models.CharField("GTIN", max_length=14)
    lot = models.CharField(max_length=20)
    expires_on = models.DateField(help_text="The last day on which a cartridge may be used.")
    quantity = models.PositiveIntegerField(help_text="Cartridges received.")
    recalled_at = models.DateTimeField(null=True, blank=True)
    recall_reason = models.CharField(max_length=300, blank=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_cartridge_lot"
        constraints = [
            models.UniqueConstraint(
                name="cartridge_lot_once_per_clinic", fields=["clinic", "gtin", "lot"]
            ),
            models.CheckConstraint(
                name="cartridge_lot_gtin_has_14_digits",
                condition=Q(gtin__regex=r"^\d{14}$"),
                violation_error_message=_("A GTIN has 14 digits."),
            ),
            models.CheckConstraint(
                name="cartridge_lot_recalled_with_reason",
                condition=Q(recalled_at__isnull=True, recall_reason="")
                | (Q(recalled_at__isnull=False) & ~Q(recall_reason="")),
                violation_error_message=_(
                    "Say when and why the lot was recalled: both, or neither."
                ),
            ),
            key_with_clinic("cartridge_lot_key_with_clinic"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="as_on_the_box", fields=["clinic", "device_model", "gtin", "lot", "expires_on"]
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return gettext("Lot {lot}, to {day}").format(
            lot=self.lot, day=date_in_words(self.expires_on, "j M Y")
        )
