"""The sequence, its texts and the outbox, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from aftercare import services
from aftercare.models import CareStep, Message, MessageStatus, MessageTemplate
from clinic.admin import ClinicAdmin, ReadOnlyInline, ServiceAdmin
from clinic.errors import DomainError
from clinic.permissions import actor


class MessageTemplateInline(ReadOnlyInline):
    model = MessageTemplate
    fields = ["channel", "language", "version", "subject", "body"]
    readonly_fields = fields
    ordering = ["channel", "language", "-version"]


@admin.register(CareStep)
class CareStepAdmin(ClinicAdmin):
    list_display = ["name", "anchor", "offset", "useful_for", "by_email", "by_sms", "is_active"]
    list_filter = ["anchor", "is_active"]
    search_fields = ["name", "code"]
    ordering = ["anchor", "offset"]
    inlines = [MessageTemplateInline]


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ServiceAdmin):
    list_display = ["step", "channel", "language", "version", "subject", "created_at"]
    list_filter = ["channel", "language", "step"]
    list_select_related = ["step"]
    search_fields = ["subject", "body", "step__name"]
    autocomplete_fields = ["step"]
    ordering = ["step", "channel", "language", "-version"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["step", "channel", "language", "subject", "body"]
        return [*fields, "version", "created_at"] if obj else fields

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> MessageTemplate:
        return services.add_template_version(**data)


STATUS_COLOURS = {
    MessageStatus.PENDING: "info",
    MessageStatus.SENT: "success",
    MessageStatus.DELIVERED: "success",
    MessageStatus.IN_DOUBT: "warning",
    MessageStatus.FAILED: "danger",
}


@admin.register(Message)
class MessageAdmin(ClinicAdmin):
    list_display = ["due_at", "patient", "step", "channel", "shown_status", "reason", "sent_at"]
    list_filter = ["status", "channel", "step"]
    list_select_related = ["patient", "step"]
    search_fields = ["patient__family_name", "patient__given_name"]
    ordering = ["-due_at", "-id"]
    actions = ["cancel", "resend", "was_delivered", "was_not_delivered"]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, message.get_status_display()

    def has_manage_permission(self, request: HttpRequest) -> bool:
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
            messages.success(request, f"{done} done.")

    @admin.action(description="Cancel", permissions=["manage"])
    def cancel(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.cancel_message)

    @admin.action(description="Send again", permissions=["manage"])
    def resend(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resend_message, at=timezone.now())

    @admin.action(description="In doubt: it was delivered", permissions=["manage"])
    def was_delivered(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resolve_message, delivered=True, at=timezone.now())

    @admin.action(description="In doubt: it was not delivered", permissions=["manage"])
    def was_not_delivered(self, request: HttpRequest, rows: Any) -> None:
        self._each(request, rows, services.resolve_message, delivered=False, at=timezone.now())
