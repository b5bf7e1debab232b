"""The record of a session, in the admin: what stands below it."""

from typing import Any

from django import forms
from django.db.models import Case, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic.admin import MovesInline, ReadOnlyInline, ScopedInline
from clinic.admin.words import severity
from clinic.findings import Severity
from patients.models import Zone
from sessions.lifecycle import Status
from sessions.models import (
    Addendum,
    CartridgeUse,
    ProductUse,
    SessionEvent,
    SessionFinding,
    ZoneTreatment,
)


class SessionEventInline(MovesInline):
    model = SessionEvent


class ChartInline(ScopedInline):
    """Part of the chart: open while the session is in progress, read-only before and after."""

    hide_title = True

    def _is_open(self, obj: Any) -> bool:
        is_going_on = obj is not None and obj.status == Status.IN_PROGRESS
        return is_going_on and obj.patient.archived_at is None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_delete_permission(request, obj)


class ZoneTreatmentInline(ChartInline):
    model = ZoneTreatment
    fields = ["zone", "side", "depth_mm", "passes", "endpoint", "note"]
    verbose_name_plural = _("chart")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if obj is not None and "zone" in formset.form.base_fields:
            zones = obj.area.zones.all() if obj.area else Zone.objects.none()
            formset.form.base_fields["zone"].queryset = zones
        return formset


class ProductUseInline(ChartInline):
    model = ProductUse
    fields = ["product", "lot", "grams", "area_cm2", "on_at", "off_at", "is_occluded", "prescriber"]
    fields += ["on_the_skin", "tube_label", "identifiers"]
    readonly_fields = ["on_the_skin"]
    verbose_name_plural = _("anaesthetics, serums, dressings, blood")

    @display(description=_("on the skin"))
    def on_the_skin(self, use: ProductUse) -> str:
        minutes = use.minutes_on(at=timezone.now())
        if minutes is None:
            return "–"
        most = use.product.minutes_max
        told = gettext("{minutes} of {most} min") if most else gettext("{minutes} min")
        if not use.off_at:
            told += gettext(", still on")
        return told.format(minutes=minutes, most=most)

    def _is_open(self, obj: Any) -> bool:
        """Cream goes on before the treatment starts."""
        is_here = obj is not None and obj.status in (Status.CHECKED_IN, Status.IN_PROGRESS)
        return is_here and obj.patient.archived_at is None


class ScanForm(forms.ModelForm):  # type: ignore[type-arg]
    """A cartridge by its code, and what to say of one that should not have been used."""

    scanned_code = forms.CharField(
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        label=_("Scan a cartridge"),
        help_text=_("As scanned, or (01)GTIN(17)YYMMDD(10)LOT(21)SERIAL."),
    )
    scan_reason = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("Recalled or expired, and used before you knew: how it came about"),
        help_text=_(
            "Scan it all the same, so that a recall finds this patient. The manager is told."
        ),
    )
    scan_action = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("and what was done about it"),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        told = [data.get(name) for name in ("scan_reason", "scan_action")]
        if any(told) and not data.get("scanned_code"):
            self.add_error("scanned_code", gettext("Scan the cartridge that this is about."))
        if any(told) and not all(told):
            self.add_error(
                "scan_reason", gettext("Say how it came about, and what was done about it.")
            )
        return data


SCAN = ("scanned_code", "scan_reason", "scan_action")


class CartridgeUseInline(ReadOnlyInline):
    """Cartridges come in by scanning."""

    model = CartridgeUse
    fields = ["lot", "serial", "used_on", "deviation"]
    readonly_fields = fields
    verbose_name_plural = _("cartridges")


class SessionFindingInline(ReadOnlyInline):
    model = SessionFinding
    fields = ["how_grave", "message", "overridden_by", "override_reason", "signed_off_by"]
    fields += ["rule", "source"]
    readonly_fields = fields
    verbose_name_plural = _("findings on record")

    def get_queryset(self, request: HttpRequest) -> Any:
        """What stopped the treatment first."""
        return super().get_queryset(request).order_by(GRAVEST_FIRST, "id")

    @display(description=_("severity"))
    def how_grave(self, finding: SessionFinding) -> str:
        return severity(finding.severity)


class AddendumInline(ReadOnlyInline):
    model = Addendum
    fields = ["at", "by", "is_patients_wish", "text"]
    readonly_fields = fields
    ordering = ["id"]


GRAVEST_FIRST = Case(
    *(When(severity=value, then=place) for place, value in enumerate(Severity.values))
)
