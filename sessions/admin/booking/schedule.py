"""Working hours, time off and closures, in the admin: here, because they look at bookings."""

from typing import Any

from django.contrib import admin
from django.forms import BooleanField, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanWidget

from clinic.admin import ServiceAdmin
from clinic.models import Closure, TimeOff, WorkingHours
from sessions import services


class SpanForm(ModelForm):  # type: ignore[type-arg]
    accept = BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        label=_("Bookings in it stay"),
        help_text=_("Until somebody moves them. Otherwise they must be moved first."),
    )


class SpanAdmin(ServiceAdmin):
    """Added by the service or taken back, never edited."""

    form = SpanForm
    whose: str

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [self.whose, "starts_at", "ends_at", "reason"]
        return fields if obj else [*fields, "accept"]


@admin.register(TimeOff)
class TimeOffAdmin(SpanAdmin):
    adds = staticmethod(services.add_time_off)
    whose = "practitioner"
    list_display = ["practitioner", "starts_at", "ends_at", "reason"]
    list_select_related = ["practitioner"]
    search_fields = ["practitioner__first_name", "practitioner__last_name"]
    ordering = ["-starts_at", "id"]


@admin.register(Closure)
class ClosureAdmin(SpanAdmin):
    adds = staticmethod(services.add_closure)
    whose = "clinic"
    list_display = ["clinic", "starts_at", "ends_at", "reason"]
    list_select_related = ["clinic"]
    ordering = ["-starts_at", "id"]


@admin.register(WorkingHours)
class WorkingHoursAdmin(ServiceAdmin):
    list_display = [
        *("practitioner", "clinic", "weekday", "opens_at", "closes_at", "valid_from", "valid_until")
    ]
    list_filter = ["weekday"]
    list_select_related = ["practitioner", "clinic"]
    search_fields = ["practitioner__first_name", "practitioner__last_name"]
    ordering = ["practitioner", "weekday", "opens_at"]

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> WorkingHours:
        from sessions.admin.booking.retire import decider_of  # which takes this page and asks first

        return services.add_working_hours(**data, decider=decider_of(request))
