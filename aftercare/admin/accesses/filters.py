"""Filters of the list of accesses."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from clinic.admin.forms.fields import WRITTEN
from clinic.admin.lists.filters import DaysForm
from clinic.models import ActorKind, Clinic, User
from clinic.permissions import actor
from clinic.values.wallclock import day_bounds

USUAL_DAYS = 7


class AccessDays(admin.SimpleListFilter):
    """From one day to another on the clock of the caller's clinics; the last week, if nothing is
    typed. By the id, so that only the months in question are read."""

    title = _("day")
    parameter_name = "day_from"
    until = "day_to"
    template = "unfold/filters/filters_date_range.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.request = request
        until = params.pop(self.until, [""])[-1]
        typed = {"day_from": self.value() or "", "day_to": until}
        if not any(typed.values()):
            typed["day_from"] = formatted(_today(request) - timedelta(days=USUAL_DAYS), WRITTEN)
        self.form = DaysForm("day", data=typed)

    def expected_parameters(self) -> list[Any]:
        return [self.parameter_name, self.until]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("", "")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if not self.form.is_valid():
            for errors in self.form.errors.values():
                messages.error(
                    request, gettext("Day: {map}").format(map=" ".join(map(str, errors)))
                )
            return rows.none()
        first, last = (self.form.cleaned_data[name] for name in self.expected_parameters())
        first = first or last - timedelta(days=USUAL_DAYS)
        last = last or max(first, _today(request))
        zones = {clinic.zone for clinic in Clinic.objects.visible_to(request.user)}
        if not zones:
            return rows.none()
        begin = min(day_bounds(first, zone)[0] for zone in zones)
        return rows.between(begin, max(day_bounds(last, zone)[1] for zone in zones))

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"request": self.request, "parameter_name": "day", "form": self.form}


def _today(request: HttpRequest) -> Any:
    works_at = actor(request).works_at
    return timezone.localdate(timezone=works_at[0].zone if works_at else None)


class PersonFilter(DropdownFilter):
    """What one member of staff has seen and done."""

    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.visible_to(request.user)
        if not request.user.has_perm("clinic.watch_accesses"):
            people = people.filter(pk=request.user.pk)
        return sorted(((str(one.pk), str(one)) for one in people), key=lambda one: one[1])

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if not self.value():
            return rows
        try:
            return rows.filter(actor_kind=ActorKind.STAFF, actor_id=UUID(str(self.value())))
        except ValueError:
            return rows.none()
