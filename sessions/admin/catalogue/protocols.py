"""The catalogues of treatment, in the admin."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin import (
    ClinicAdmin,
    ReadOnlyInline,
    VersionedAdmin,
    VersionPartInline,
    version_columns,
)
from clinic.admin.forms.fields import MomentField
from clinic.admin.words import IN_USE, yes_no_column
from clinic.permissions import actor
from sessions import services
from sessions.admin.catalogue.drafts import LookedAtFirst
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    ProductDrug,
    Protocol,
    ProtocolVersion,
    ScoreLabel,
    SideEffectExpectation,
    TreatmentSession,
    ZoneLimit,
    ZoneRange,
)

CLOSE_PAIRS_SHOWN = 50


NEEDLED = yes_no_column(
    "is_blocked", _("needled"), yes=(_("Never needled"), "danger"), no=(_("Up to its limit"), "")
)
BETTER = yes_no_column(
    "lower_is_better",
    _("better is"),
    yes=(_("The lower score"), ""),
    no=(_("The higher score"), ""),
)
RED_FLAG = yes_no_column(
    "is_red_flag",
    _("seen the same day"),
    yes=(_("Red flag: always"), "danger"),
    no=(_("Not by itself"), ""),
)
DERMIS = yes_no_column(
    "for_dermis", _("in the dermis"), yes=(_("On its label"), ""), no=(_("Not on its label"), "")
)


@admin.register(ZoneLimit)
class ZoneLimitAdmin(VersionedAdmin):
    list_display = version_columns("zone", "depth_min_mm", "depth_max_mm", NEEDLED)
    list_filter = ["zone__area", "is_blocked"]
    list_select_related = ["zone"]
    search_fields = ["zone__name"]
    ordering = ["zone__name", "-version"]


class ProtocolVersionInline(ReadOnlyInline):
    model = ProtocolVersion
    fields = [
        *("version", "effective_from", "depth_min_mm", "depth_max_mm"),
        *("hard_min_days", "soft_min_days", "source"),
    ]
    readonly_fields = fields
    ordering = ["-version"]
    show_change_link = True


@admin.register(Protocol)
class ProtocolAdmin(ClinicAdmin):
    list_display = ["name", "concern", "area", IN_USE]
    list_filter = ["area", "concern", "is_active"]
    list_select_related = ["area", "concern"]
    search_fields = ["name", "code"]
    inlines = [ProtocolVersionInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "concern", "area"] if obj else []  # plans copy them


class ZoneRangeInline(VersionPartInline):
    model = ZoneRange


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    in_force_from = MomentField(
        label=_("In force from"), required=False, help_text=_("Empty: as soon as it is saved.")
    )

    def clean_in_force_from(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["in_force_from"]
        if moment and moment < timezone.now():
            raise ValidationError(gettext("This is over. Leave it empty for now."))
        return moment


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(LookedAtFirst, VersionedAdmin):
    form = VersionForm
    list_display = version_columns("protocol", "depth_min_mm", "depth_max_mm", "hard_min_days")
    list_filter = ["protocol"]
    list_select_related = ["protocol"]
    search_fields = ["protocol__name"]
    ordering = ["protocol__name", "-version"]
    inlines = [ZoneRangeInline]

    change_form_before_template = "sessions/admin/close_pairs.html"
    change_form_after_template = "sessions/admin/protocols/ask.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With the sessions that were booked closer than the version demands."""
        version = self.get_object(request, unquote(object_id))
        context = {**(extra_context or {}), **self._close_pairs(request, version)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def takes_effect(self, form: Any) -> datetime:
        return form.cleaned_data["in_force_from"] or timezone.now()

    def _close_pairs(self, request: HttpRequest, version: Any) -> dict[str, Any]:
        if version is None:
            return {}
        rows: Any = TreatmentSession.objects.visible_to(actor(request))
        pairs = rows.closer_than(version, at=timezone.now()).select_related(
            "clinic", "patient", "area"
        )
        found = list(pairs[: CLOSE_PAIRS_SHOWN + 1])
        return {
            "close_pairs": found[:CLOSE_PAIRS_SHOWN],
            "close_pairs_more": len(found) > CLOSE_PAIRS_SHOWN,
            "close_pairs_days": version.hard_min_days,
        }

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What was booked before stays; whoever saves the version is told of it."""
        super().save_related(request, form, formsets, change)
        if self.is_taken_back(request):
            return
        version = form.instance
        services.follow_version(version=version, at=timezone.now(), by=actor(request))
        if close := self._close_pairs(request, version)["close_pairs"]:
            number = (
                gettext("1 session is")
                if len(close) == 1
                else gettext("{close} sessions are").format(close=len(close))
            )
            messages.warning(
                request,
                gettext(
                    "{number} booked closer than {hard_min_days} days after the one before. They "
                    "stay, and new bookings obey the new version; its page lists them."
                ).format(number=number, hard_min_days=version.hard_min_days),
            )


@admin.register(DeviceClearance)
class DeviceClearanceAdmin(VersionedAdmin):
    list_display = version_columns("model", "reference", "jurisdiction", "indication", "min_age")
    list_filter = ["jurisdiction", "model"]
    list_select_related = ["model"]
    search_fields = ["reference", "indication"]
    ordering = ["model", "reference", "-version"]


class DrugsOfAProduct(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        """The same as the trigger, in words."""
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        total = sum(form.cleaned_data.get("percent") or 0 for form in kept)
        most = 100 if self.instance.strength_percent is None else self.instance.strength_percent
        if total > most:
            raise ValidationError(
                gettext(
                    "The drugs add up to {total} %, more than the strength of {most} %."
                ).format(total=total, most=most)
            )


class ProductDrugInline(VersionPartInline):
    model = ProductDrug
    formset = DrugsOfAProduct


@admin.register(Product)
class ProductAdmin(VersionedAdmin):
    list_display = version_columns("name", "kind", "strength_percent", DERMIS)
    list_filter = ["kind", "for_dermis"]
    search_fields = ["name", "code"]
    ordering = ["kind", "name", "-version"]
    inlines = [ProductDrugInline]


class ScoreLabelInline(VersionPartInline):
    model = ScoreLabel


@admin.register(OutcomeScale)
class OutcomeScaleAdmin(VersionedAdmin):
    list_display = version_columns("name", "score_min", "score_max", BETTER)
    search_fields = ["name", "code"]
    ordering = ["name", "-version"]
    inlines = [ScoreLabelInline]


@admin.register(SideEffectExpectation)
class SideEffectExpectationAdmin(VersionedAdmin):
    list_display = version_columns("kind", "expected_until_hours", RED_FLAG)
    list_filter = ["is_red_flag"]
    ordering = ["kind", "-version"]
