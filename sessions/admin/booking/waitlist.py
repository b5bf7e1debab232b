"""Holds and the waitlist, in the admin."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm, TypedMultipleChoiceField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from clinic.admin import ClinicAdmin, MovesInline, ReadOnly, ServiceAdmin, StatusButtons
from clinic.admin.words import status_badge
from clinic.models import Weekday
from sessions import services
from sessions.admin.booking.sittings import MOST, further_plans_field
from sessions.admin.booking.visits import about
from sessions.lifecycle import WAITLIST_NEXT, WaitlistStatus
from sessions.models import Hold, WaitlistEntry, WaitlistEvent

WHOSE = ("plan__patient", "plan__protocol", "patient", "visit_type")
SEARCHED = ["patient__family_name", "patient__given_name"]


class WaitlistForm(ModelForm):  # type: ignore[type-arg]
    """A treatment is waited for by its plan, any other visit by its kind and the patient."""

    class Meta:
        help_texts = {
            "plan": _("What is to be treated; of another visit what it is about, if it is."),
            "visit_type": _("Empty for a treatment."),
            "patient": _("Who waits for a visit of another kind."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"visit_type", "patient"} & self.fields.keys():
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if kind := data.get("visit_type"):
            self.instance.kind = kind.kind  # its constraints read it
        return data


@admin.register(Hold)
class HoldAdmin(ReadOnly, ClinicAdmin):
    """What is held at the moment; the holds themselves come and go with the desk's calls."""

    list_display = ["starts_at", about, "practitioner", "room", "expires_at", "held_by"]
    list_select_related = [*WHOSE, "practitioner", "room", "held_by"]
    search_fields = SEARCHED
    ordering = ["starts_at", "id"]


class WaitlistEventInline(MovesInline):
    model = WaitlistEvent


STATUS_COLOURS = {
    WaitlistStatus.WAITING: "info",
    WaitlistStatus.OFFERED: "warning",
    WaitlistStatus.BOOKED: "success",
}
# button → the status it leads to
BUTTONS = {
    "accept": WaitlistStatus.BOOKED,
    "decline": WaitlistStatus.WAITING,
    "withdraw": WaitlistStatus.WITHDRAWN,
}


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(StatusButtons, ServiceAdmin):
    adds = staticmethod(services.join_waitlist)
    buttons = BUTTONS
    next_statuses = WAITLIST_NEXT
    list_display = [
        *(about, "practitioner", "from_on", "until_on", "shown_status"),
        *("offered_starts_at", "offer_expires_at"),
    ]
    form = WaitlistForm
    list_filter = ["status", "kind"]
    list_select_related = [*WHOSE, "practitioner"]
    search_fields = SEARCHED
    autocomplete_fields = ["plan", "patient"]
    typed_as = {f"further_plans/{number}": "further_plans" for number in range(MOST)}
    ordering = ["id"]
    inlines = [WaitlistEventInline]
    actions_submit_line = list(BUTTONS)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        wish = [
            *("plan", "further_plans", "visit_type", "patient", "practitioner"),
            *(("from_on", "until_on"), "weekdays"),
            *(("earliest", "latest"), "note"),
        ]
        offer = [
            *("status", ("offered_starts_at", "offer_expires_at"), "offered_practitioner"),
            *(("offered_room", "offered_device"), "session"),
        ]
        return [*wish, *offer] if obj else wish

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        rows = self.get_fields(request, obj) if obj else []
        return [name for row in rows for name in ([row] if isinstance(row, str) else row)]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "weekdays":
            return TypedMultipleChoiceField(
                coerce=int,
                choices=Weekday.choices,
                required=False,
                label=capfirst(db_field.verbose_name),
                widget=UnfoldAdminCheckboxSelectMultipleWidget,
            )
        if db_field.name == "further_plans":
            label = gettext("Also treat in that sitting")
            return further_plans_field(request, WaitlistEntry, label, db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("status"), ordering="status")
    def shown_status(self, entry: WaitlistEntry) -> str:
        return status_badge(entry, STATUS_COLOURS)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A change is always the press of a button, which goes through a service."""
        if not change:
            super().save_model(request, obj, form, change)

    @action(description=_("Book the offer"), permissions=["change"])
    def accept(self, request: HttpRequest, obj: WaitlistEntry) -> None:
        self.press(request, services.accept_offer, entry_id=obj.pk)

    @action(description=_("Decline the offer"), permissions=["change"])
    def decline(self, request: HttpRequest, obj: WaitlistEntry) -> None:
        self.press(request, services.decline_offer, entry_id=obj.pk)

    @action(description=_("Withdraw"), permissions=["change"])
    def withdraw(self, request: HttpRequest, obj: WaitlistEntry) -> None:
        self.press(request, services.withdraw_from_waitlist, entry_id=obj.pk)
