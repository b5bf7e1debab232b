"""Whom of the staff was told of what is grave, in the admin."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.models import StaffAlert
from clinic.admin import ClinicAdmin, ReadOnly
from clinic.admin.words import badge


@admin.register(StaffAlert)
class StaffAlertAdmin(ReadOnly, ClinicAdmin):
    """Written by the escalation, the newest first."""

    list_display = ["raised_at", "person", "step", "channel", "task", "shown_status", "sent_at"]
    list_filter = ["step", "channel"]
    list_select_related = ["person", "task"]
    search_fields = ["task__patient__family_name", "person__username", "person__last_name"]
    ordering = ["-id"]
    fields = [
        *("task", "person", "step", "channel", "raised_at", "due_at", "tries"),
        *("sent_at", "ended_at", "detail"),
    ]

    @display(description=_("status"))
    def shown_status(self, alert: StaffAlert) -> str:
        if alert.sent_at:
            return badge(gettext("Sent"), "success")
        return (
            badge(gettext("Given up"), "danger")
            if alert.ended_at
            else badge(gettext("Waiting"), "warning")
        )
