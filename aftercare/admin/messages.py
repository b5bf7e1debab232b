"""The outbox, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, Subquery, UUIDField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from aftercare import services
from aftercare.lifecycle import BY_STAFF, UNDECIDED
from aftercare.models import (
    DeliveryReceipt,
    Message,
    MessageAttempt,
    MessageStatus,
)
from clinic.admin import ClinicAdmin, MovesInline, ReadOnlyInline, StatusButtons
from clinic.admin.words import status_badge
from clinic.errors import DomainError
from clinic.models import User
from clinic.permissions import actor, is_technical

STATUS_COLOURS = {
    MessageStatus.PENDING: "info",
    MessageStatus.SENT: "success",
    MessageStatus.DELIVERED: "success",
    MessageStatus.IN_DOUBT: "warning",
    MessageStatus.FAILED: "danger",
}


# What tells of a patient: who it is, and what was answered, which may repeat an address.
OF_PATIENTS = frozenset({"patient", "session", "reason", "detail"})


def hidden_from(request: HttpRequest) -> frozenset[str]:
    """A technical admin sees whether messages go out, and nobody's name."""
    return OF_PATIENTS if is_technical(actor(request)) else frozenset()


class OutboxInline(ReadOnlyInline):
    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [name for name in self.fields or () if name not in hidden_from(request)]


class MessageAttemptInline(OutboxInline):
    model = MessageAttempt
    fields = ["number", "started_at", "provider", "outcome", "duration_ms", "detail"]
    readonly_fields = fields
    ordering = ["number", "id"]
    verbose_name_plural = _("tries")


class DeliveryReceiptInline(OutboxInline):
    model = DeliveryReceipt
    fields = ["occurred_at", "provider", "kind", "detail"]
    readonly_fields = fields
    ordering = ["id"]


class MessageHistoryInline(OutboxInline, MovesInline):
    """The moves that neither an attempt nor a receipt tells of."""

    model: Any = Message._meta.get_field("history").related_model
    fk_name = "pgh_obj"
    statuses = MessageStatus
    fields = ["pgh_created_at", "became", "by", "reason"]
    readonly_fields = fields
    ordering = ["pgh_id"]

    def get_queryset(self, request: HttpRequest) -> Any:
        user = Cast(KeyTextTransform("user", OuterRef("pgh_context__metadata")), UUIDField())
        name = User.objects.filter(pk=user).values("username")
        return super().get_queryset(request).annotate(username=Subquery(name))

    @display(description=_("became"))
    def became(self, move: Any) -> str:
        return str(move.get_status_display())

    @display(description=_("by"))
    def by(self, move: Any) -> str:
        return move.username or gettext("the system")


# What a button leads to.
BUTTONS = {
    "take_out": MessageStatus.CANCELLED,
    "send_again": "AGAIN",
    "did_arrive": MessageStatus.SENT,
    "did_not_arrive": MessageStatus.FAILED,
}
NEXT: dict[str, frozenset[str]] = {
    status: moves | (frozenset() if status in UNDECIDED else {"AGAIN"})
    for status, moves in BY_STAFF.items()
}


@admin.register(Message)
class MessageAdmin(StatusButtons, ClinicAdmin):
    buttons = BUTTONS
    next_statuses = NEXT
    actions_submit_line = list(BUTTONS)
    list_display = ["due_at", "patient", "step", "channel", "shown_status", "reason", "sent_at"]
    list_filter = ["status", "channel"]
    list_select_related = ["patient", "step"]
    search_fields = ["patient__family_name", "patient__given_name"]
    ordering = ["-due_at", "-id"]
    actions = ["cancel", "resend", "was_delivered", "was_not_delivered"]
    fields = [
        *("patient", "session", "step", "channel", "status", "reason"),
        *(("due_at", "expires_at"), ("sent_at", "delivered_at"), "attempts", "template"),
        "clinic",
    ]
    technical = ["key", "provider_id"]
    inlines = [MessageAttemptInline, DeliveryReceiptInline, MessageHistoryInline]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What a provider knows it by is for who asks the provider."""
        if not is_technical(actor(request)):
            return self.fields
        flat = [name for row in self.fields for name in ([row] if isinstance(row, str) else row)]
        return [*(name for name in flat if name not in OF_PATIENTS), *self.technical]

    def hidden_from(self, request: HttpRequest) -> frozenset[str]:
        return hidden_from(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        rows = self.get_fields(request, obj)
        return [name for row in rows for name in ([row] if isinstance(row, str) else row)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """To press a button: no field can be changed."""
        return self.has_manage_permission(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only the buttons change something, through the services."""

    @display(description=_("status"), ordering="status")
    def shown_status(self, message: Message) -> str:
        return status_badge(message, STATUS_COLOURS)

    def press_result(self, pressed: str, obj: Any) -> str:
        """What was sent again is another message; this one is as it was."""
        if pressed == "Send again":
            return gettext("a copy of it waits to be sent.")
        return super().press_result(pressed, obj)

    def has_manage_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm("aftercare.manage_message")

    def _each(self, request: HttpRequest, rows: Any, service: Any, **arguments: Any) -> None:
        done = 0
        for message in rows:
            try:
                service(message_id=message.pk, by=actor(request), **arguments)
                done += 1
            except DomainError as error:
                messages.error(request, f"{message}: {error.message}")
        if done:
            messages.success(request, gettext("{done} done.").format(done=done))

    @admin.action(description=_("Cancel"), permissions=["manage"])
    def cancel(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.cancel_message, at=timezone.now())

    @admin.action(description=_("Send again"), permissions=["manage"])
    def resend(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resend_message, at=timezone.now())

    @admin.action(description=_("In doubt: it was delivered"), permissions=["manage"])
    def was_delivered(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resolve_message, delivered=True, at=timezone.now())

    @admin.action(description=_("In doubt: it was not delivered"), permissions=["manage"])
    def was_not_delivered(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resolve_message, delivered=False, at=timezone.now())

    @action(description=_("Cancel"), permissions=["manage"])
    def take_out(self, request: HttpRequest, obj: Message) -> None:
        self.press(request, services.cancel_message, message_id=obj.pk)

    @action(description=_("Send again"), permissions=["manage"])
    def send_again(self, request: HttpRequest, obj: Message) -> None:
        self.press(request, services.resend_message, message_id=obj.pk)

    @action(description=_("It was delivered"), permissions=["manage"])
    def did_arrive(self, request: HttpRequest, obj: Message) -> None:
        self.press(request, services.resolve_message, message_id=obj.pk, delivered=True)

    @action(description=_("It was not delivered"), permissions=["manage"])
    def did_not_arrive(self, request: HttpRequest, obj: Message) -> None:
        self.press(request, services.resolve_message, message_id=obj.pk, delivered=False)
