"""The tasks of the staff, in the admin."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from clinic.admin import ClinicAdmin, FixedRows, StatusButtons
from clinic.admin.words import badge, status_badge
from clinic.permissions import actor
from patients import services
from patients.models import StaffTask, TaskKind, TaskSeverity, TaskStatus
from patients.models.task import TASK_NEXT

SEVERITY_COLOURS: dict[str, str] = {
    TaskSeverity.EMERGENCY: "danger",
    TaskSeverity.RED: "danger",
    TaskSeverity.AMBER: "warning",
    TaskSeverity.ROUTINE: "info",
}
STATUS_COLOURS = {TaskStatus.OPEN: "warning", TaskStatus.DONE: "success"}


@admin.register(StaffTask)
class StaffTaskAdmin(StatusButtons, FixedRows, ClinicAdmin):
    """Open tasks first, the gravest on top, then as they are due. A note may be left when one is
    ticked off; of what is grave, or was reported of the skin, it must say what came of it."""

    buttons = {"take": TaskStatus.OPEN, "done": TaskStatus.DONE}
    next_statuses = {**TASK_NEXT, TaskStatus.OPEN: frozenset(TaskStatus)}
    actions_submit_line = ["take", "done"]
    actions_detail = ["record_side_effect", "book_check"]
    list_display = [
        *("due_at", "shown_severity", "kind", "title", "patient", "shown_status", "taken_by"),
        "done_by",
    ]
    list_filter = ["status", "severity", "kind", "audience"]
    list_select_related = ["patient", "taken_by", "done_by"]
    search_fields = ["title", "patient__family_name", "patient__given_name"]
    ordering = [Left("urgency", 1).asc(), "due_at", "id"]
    fields = [
        *("severity", "kind", "title", "detail", "patient", "clinic", "due_at", "status"),
        *("taken_at", "taken_by", "done_note", "done_at", "done_by"),
    ]

    @display(description=_("severity"), ordering="urgency")
    def shown_severity(self, task: StaffTask) -> str:
        return badge(task.get_severity_display(), SEVERITY_COLOURS[task.severity])

    @display(description=_("status"), ordering="status")
    def shown_status(self, task: StaffTask) -> str:
        return status_badge(task, STATUS_COLOURS)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what was reported of the skin becomes a side effect, and only an open task about a
        patient is settled by a check."""
        task = self.get_object(request, str(object_id))
        if task is None:
            return []
        wanted = {"side-effect"} if task.kind == TaskKind.HEALING else set()
        if task.patient_id and task.status == TaskStatus.OPEN:
            wanted.add("check")
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [button for button in found if button.path in wanted]

    def has_side_effect_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_sideeffect")

    @action(
        description=_("Record side effect"), url_path="side-effect", permissions=["side_effect"]
    )
    def record_side_effect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new side effect, with what was reported filled in."""
        address = reverse("admin:treatment_sessions_sideeffect_add")
        return HttpResponseRedirect(f"{address}?{urlencode({'task': object_id})}")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        is_open = obj is not None and obj.status == TaskStatus.OPEN
        return [name for name in self.fields if not (is_open and name == "done_note")]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A note is kept, also while the task is still open."""
        if "done_note" in form.changed_data:
            services.note_task(
                task_id=obj.pk, note=obj.done_note, at=timezone.now(), by=actor(request)
            )

    def press_result(self, pressed: str, obj: Any) -> str:
        task = StaffTask.objects.select_related("taken_by").get(pk=obj.pk)
        if task.status == TaskStatus.OPEN:
            return gettext("taken by {taken_by}.").format(taken_by=task.taken_by)
        return super().press_result(pressed, obj)

    def has_check_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_treatmentsession")

    @action(description=_("Book a check"), url_path="check", permissions=["check"])
    def book_check(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the visit that settles it."""
        task = get_object_or_404(self.get_queryset(request), pk=object_id, patient__isnull=False)
        address = reverse("admin:patients_patient_book_visit", args=[task.patient_id])
        return HttpResponseRedirect(f"{address}?{urlencode({'task': task.pk})}")

    @action(description=_("Take"), permissions=["change"])
    def take(self, request: HttpRequest, obj: StaffTask) -> None:
        """Also from whom the page shows: whoever presses has read it."""
        self.press(request, services.take_task, task_id=obj.pk, take_over=True)

    @action(description=_("Done"), permissions=["change"])
    def done(self, request: HttpRequest, obj: StaffTask) -> None:
        self.press(request, services.finish_task, task_id=obj.pk, note=obj.done_note)
