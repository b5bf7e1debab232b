"""The kinds of visit that a clinic offers, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin import ClinicAdmin, OfTheirClinics, ScopedInline
from clinic.admin.words import IN_USE
from sessions import services
from sessions.models import VisitType, VisitTypeName


class VisitTypeNameInline(ScopedInline):
    model = VisitTypeName
    fields = ["language", "name", "discreet_name"]
    verbose_name_plural = _("names that patients read")


@admin.register(VisitType)
class VisitTypeAdmin(ClinicAdmin):
    """What is booked already keeps its kind, its mode and its times."""

    list_display = ["name", "kind", "mode", "minutes", "clinic", IN_USE]
    list_filter = ["kind", "mode", "is_active", ("clinic", OfTheirClinics)]
    list_select_related = ["clinic"]
    search_fields = ["name", "code"]
    ordering = ["name", "id"]
    inlines = [VisitTypeNameInline]
    fieldsets = [
        (None, {"fields": ["clinic", "name", "code", "kind", "is_active"]}),
        (
            _("How"),
            {"fields": ["mode", "video_url", "minutes", "setup_minutes", "cleaning_minutes"]},
        ),
        (
            _("By whom and where"),
            {"fields": ["roles", "credentials", "needs_room", "rooms", "needs_device"]},
        ),
        (
            _("When"),
            {
                "fields": [
                    *("counted_from", "window_from_days", "window_until_days"),
                    "patient_may_book",
                ]
            },
        ),
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "video_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        kind, clinic = form.instance, form.instance.clinic
        today = timezone.now().astimezone(clinic.zone).date()
        if kind.credentials and not services.holders(kind, on=today, clinic=clinic).exists():
            messages.warning(
                request,
                gettext(
                    "Nobody at {clinic} may do “{kind}” now: none of them is {licences} by the "
                    "credentials on record."
                ).format(clinic=clinic, kind=kind, licences=kind.licences),
            )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["clinic", "code", "kind"] if obj else []  # visits and messages are found by them
