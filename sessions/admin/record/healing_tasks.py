"""From a task about the healing to what was reported, and the pictures that came with it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.permissions import may_see
from patients.admin.tasks import StaffTaskAdmin
from patients.models import StaffTask
from sessions.admin.record.photos import sent_with
from sessions.models import CheckIn

MOST = 3  # newest reports of a session

admin.site.unregister(StaffTask)


@admin.register(StaffTask)
class HealingTaskAdmin(StaffTaskAdmin):
    """A task that names a report shows it to whoever may see reports."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_fields(request, obj))
        if obj is None or not may_see(
            request.user, "treatment_sessions.view_checkin", obj.patient_id
        ):
            return fields
        if not _reports_of(obj):
            return fields
        after = fields.index("detail") + 1
        return [*fields[:after], "reports", *fields[after:]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "reports"]

    @display(description=_("reports"))
    def reports(self, task: StaffTask) -> str:
        return format_html_join(
            "",
            '<p class="mb-2"><a href="{}">{}</a></p><p class="mb-2">{}</p>',
            (
                (
                    reverse("admin:treatment_sessions_checkin_change", args=[report.pk]),
                    report,
                    sent_with(report),
                )
                for report in _reports_of(task)
            ),
        )


def _reports_of(task: StaffTask) -> list[CheckIn]:
    """The report whose pictures are to be looked at, or the newest ones of the session."""
    match task.source.split(":"):
        case ["photos", report]:
            return list(CheckIn.objects.filter(pk=UUID(report)))
        case ["check-in", session, *_]:
            reports = CheckIn.objects.filter(session_id=UUID(session), report=None)
            return list(reports.order_by("-reported_at")[:MOST])
    return []
