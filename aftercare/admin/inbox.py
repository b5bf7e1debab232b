"""The staff inbox and the ledger of addresses, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.text import Truncator
from unfold.decorators import action, display

from aftercare.models import AddressConsent, InboundMessage
from aftercare.models.inbound import IS_HANDLED
from aftercare.replies.inbox import candidates, handle
from clinic.admin import ClinicAdmin, FixedRows, ReadOnly, StatusButtons
from clinic.admin.words import AGREED, badge, yes_no_column
from clinic.errors import DomainError
from clinic.permissions import actor

OPT_OUT = yes_no_column("maybe_opt_out", "opt-out", yes=("Maybe", "warning"), no=("", ""))


class WaitingFilter(admin.SimpleListFilter):
    title = "handled"
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "No"), ("yes", "Yes")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(is_handled=self.value() == "yes") if self.value() else rows


@admin.register(InboundMessage)
class InboxAdmin(StatusButtons, FixedRows, ClinicAdmin):
    """What nobody has looked after yet comes first. Nobody is guessed: a number that several
    patients share shows all of them."""

    buttons = {"handled": "HANDLED"}
    actions_submit_line = ["handled"]
    actions = ["all_handled"]
    list_display = ["received_at", "who", "excerpt", "keyword", OPT_OUT, "shown_status"]
    list_filter = [WaitingFilter, "keyword", "maybe_opt_out", "audience"]
    list_select_related = ["patient", "clinic", "task"]
    search_fields = ["sender", "body", "patient__family_name", "patient__given_name"]
    fields = [
        *("received_at", "channel", "sender", "may_be", "body", "keyword", OPT_OUT),
        *("reply", "message", "task", "clinic", "handled_at", "handled_by"),
    ]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_handled()

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [IS_HANDLED.asc(), "-id"]

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The button is there as long as there is something to look after."""
        shown: list[Any] = super(StatusButtons, self).get_actions_submit_line(request, object_id)
        inbound = self.get_object(request, unquote(str(object_id))) if object_id else None
        return shown if inbound and not inbound.is_handled else []

    @display(description="from")
    def who(self, inbound: InboundMessage) -> str:
        return str(inbound.patient or inbound.sender)

    @display(description="text")
    def excerpt(self, inbound: InboundMessage) -> str:
        return Truncator(inbound.body).chars(80)

    @display(description="status", ordering="is_handled")
    def shown_status(self, inbound: Any) -> str:
        return badge("Handled", "success") if inbound.is_handled else badge("Waiting", "warning")

    @display(description="may be from")
    def may_be(self, inbound: InboundMessage) -> str:
        return format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            [
                (reverse("admin:patients_patient_change", args=[patient.pk]), patient)
                for patient in inbound.candidates
            ],
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        inbound = super().get_object(request, object_id, from_field)
        if inbound is not None:
            candidates([inbound], user=actor(request))
        return inbound

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What came in is never edited; only the button does something."""

    def press_result(self, pressed: str, obj: Any) -> str:
        return "handled."

    @action(description="Handled", permissions=["change"])
    def handled(self, request: HttpRequest, obj: InboundMessage) -> None:
        self.press(request, handle, inbound_id=obj.pk)

    @admin.action(description="Handled", permissions=["change"])
    def all_handled(self, request: HttpRequest, rows: Any) -> None:
        done = 0
        for inbound in rows:
            try:
                handle(inbound_id=inbound.pk, at=timezone.now(), by=actor(request))
                done += 1
            except DomainError as error:
                messages.error(request, f"{inbound}: {error.message}")
        if done:
            messages.success(request, f"{done} handled.")


@admin.register(AddressConsent)
class AddressConsentAdmin(ReadOnly, ClinicAdmin):
    """The last word on an address counts. New ones come from patients, providers, and the API."""

    list_display = ["recorded_at", "address", "purpose", AGREED, "source", "wording"]
    list_filter = ["channel", "purpose", "granted", "source"]
    search_fields = ["address"]
    ordering = ["-id"]
