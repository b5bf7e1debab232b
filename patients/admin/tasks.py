"""The tasks of the staff, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import action, display

from clinic.admin import ClinicAdmin, FixedRows, StatusButtons
from clinic.admin.words import status_badge
from clinic.permissions import actor
from patients import services
from patients.models import StaffTask, TaskStatus
from patients.models.task import TASK_NEXT

STATUS_COLOURS = {TaskStatus.OPEN: "warning", TaskStatus.DONE: "success"}


@admin.register(StaffTask)
class StaffTaskAdmin(StatusButtons, FixedRows, ClinicAdmin):
    """Open tasks first, the oldest on top. A note may be left when one is ticked off."""

    buttons = {"done": TaskStatus.DONE}
    next_statuses = TASK_NEXT
    actions_submit_line = ["done"]
    list_display = ["due_at", "kind", "title", "patient", "shown_status", "done_by"]
    list_filter = ["status", "kind", "audience"]
    list_select_related = ["patient", "done_by"]
    search_fields = ["title", "patient__family_name", "patient__given_name"]
    ordering = ["-status", "due_at", "id"]
    fields = [
        *("kind", "title", "detail", "patient", "clinic", "due_at", "status"),
        *("done_note", "done_at", "done_by"),
    ]

    @display(description="status", ordering="status")
    def shown_status(self, task: StaffTask) -> str:
        return status_badge(task, STATUS_COLOURS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        is_open = obj is not None and obj.status == TaskStatus.OPEN
        return [name for name in self.fields if not (is_open and name == "done_note")]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A note is kept, also while the task is still open."""
        if "done_note" in form.changed_data:
            services.note_task(
                task_id=obj.pk, note=obj.done_note, at=timezone.now(), by=actor(request)
            )

    @action(description="Done", permissions=["change"])
    def done(self, request: HttpRequest, obj: StaffTask) -> None:
        self.press(request, services.finish_task, task_id=obj.pk, note=obj.done_note)
