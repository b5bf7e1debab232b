"""The list of accesses, newest first."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.admin.accesses.filters import AccessDays, PersonFilter
from aftercare.admin.accesses.seen import SeenPages
from aftercare.records.accesses.names import Names, deed_of, read_names, role_of, thing_of
from clinic.admin import ClinicAdmin, ReadOnly
from clinic.admin.forms.clocks import clinics_of, has_several
from clinic.admin.lists.lookups import OwnFilters
from clinic.admin.words import badge, status_badge
from clinic.models import AccessRecord, Outcome
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of

TONES = {Outcome.REFUSED: "danger", Outcome.FAILED: "warning"}


class NamedList(OwnFilters):
    """A page with the names in it, read at once and not for each row."""

    names: Names
    result_list: list[Any]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        self.names = read_names(self.result_list, actor(request))
        for row in self.result_list:
            prepare(row, self.names, request)


def prepare(row: Any, names: Names, request: HttpRequest) -> None:
    """What the columns of a row need to know of others."""
    shared = [one for one in clinics_of(request.user) if one.pk in row.clinic_ids]
    row.names = names
    row.zone = shared[0].zone if shared else None
    row.names_clock = has_several(request)


@admin.register(AccessRecord)
class AccessAdmin(SeenPages, ReadOnly, ClinicAdmin):
    """Who has seen or changed what of whom; a practitioner reads what they did themselves."""

    list_display = ["when", "who", "what", "of_whom", "shown_fields", "whence", "shown_outcome"]
    list_filter = [AccessDays, PersonFilter, "action", "outcome", "door", "purpose"]
    ordering = ["-id"]
    list_display_links = ["when"]
    fieldsets = [
        (None, {"fields": ["when", "who", "of_whom", "purpose"]}),
        (_("What"), {"fields": ["action", "thing", "count", "shown_fields", "outcome", "why_not"]}),
        (_("How"), {"fields": ["door", "address", "session", "request_id"]}),
    ]
    readonly_fields = [
        *("when", "who", "of_whom", "purpose", "action", "thing", "count", "shown_fields"),
        *("outcome", "why_not", "door", "address", "session", "request_id"),
    ]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == AccessDays.until or super().lookup_allowed(lookup, value, request)

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["-id"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OwnFilters]:
        return NamedList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Whom the list names is written down, as of every page: from what its template got."""
        answer: Any = super().changelist_view(request, extra_context)
        if found := (getattr(answer, "context_data", None) or {}).get("cl"):
            answer.context_data["named"] = list(found.names.patients.values())
        return answer  # type: ignore[no-any-return]

    def read_more(self, request: HttpRequest, row: Any) -> None:
        prepare(row, read_names([row], actor(request)), request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        context |= {"named": list(row.names.patients.values()) if row else []}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=_("when"))
    def when(self, row: Any) -> str:
        at = row.at.astimezone(row.zone)
        clock = f" ({clock_of(row.zone)})" if row.names_clock and row.zone else ""
        return f"{date_in_words(at, 'j M Y, H:i:s')}{clock}"

    @display(description=_("who"))
    def who(self, row: Any) -> str:
        return ", ".join(filter(None, [row.names.actor(row), role_of(row).lower()]))

    @display(description=_("what"))
    def what(self, row: Any) -> str:
        return deed_of(row).capitalize()

    @display(description=_("of whom"))
    def of_whom(self, row: Any) -> str:
        return row.names.of_whom(row) or "-"

    @display(description=_("fields"))
    def shown_fields(self, row: Any) -> str:
        return ", ".join(gettext(name.replace("_", " ")) for name in row.fields) or "-"

    @display(description=_("from"))
    def whence(self, row: Any) -> str:
        return ", ".join(filter(None, [row.get_door_display(), row.address]))

    @display(description=_("outcome"))
    def shown_outcome(self, row: Any) -> str:
        return status_badge(row, TONES, "outcome")

    @display(description=_("kind of row"))
    def thing(self, row: Any) -> str:
        return thing_of(row).capitalize() or "-"

    @display(description=_("why not"))
    def why_not(self, row: Any) -> str:
        return row.code.replace("_", " ") or (badge(str(row.status)) if row.status else "-")
