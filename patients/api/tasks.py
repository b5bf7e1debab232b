"""The tasks of the staff over HTTP."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.paging import pages_by
from clinic.api.queries import IdFilter
from clinic.permissions import actor
from patients import services
from patients.models import StaffTask, TaskKind, TaskSeverity, TaskStatus


class TaskOut(serializers.ModelSerializer[StaffTask]):
    class Meta:
        model = StaffTask
        fields = [
            *(
                "id",
                "clinic",
                "patient",
                "kind",
                "audience",
                "severity",
                "title",
                "detail",
                "due_at",
            ),
            *("status", "created_at", "taken_at", "taken_by", "done_at", "done_by", "done_note"),
        ]
        read_only_fields = fields


class TaskFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=TaskStatus.choices, method="by_status")
    kind = filters.MultipleChoiceFilter(choices=TaskKind.choices, distinct=False)
    severity = filters.MultipleChoiceFilter(choices=TaskSeverity.choices, distinct=False)
    patient = IdFilter()

    class Meta:
        model = StaffTask
        fields: list[str] = []

    def by_status(self, rows: Any, name: str, value: str) -> Any:
        return rows.of_status(value)


class TaskDoneIn(Form):
    note = TextField(required=False, allow_blank=True, max_length=500, default="")


class TaskTakeIn(Form):
    take_over = serializers.BooleanField(
        required=False, default=False, help_text="Also if somebody else is on it."
    )


class TaskViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """What waits for a person: of the caller's clinics, and meant for the caller's role. Open ones
    first, the gravest on top."""

    model = StaffTask
    resource = "patients.stafftask"
    permissions = {
        "take": "patients.change_stafftask",
        "done": "patients.change_stafftask",
    }
    pagination_class = pages_by("urgency")
    serializer_class = TaskOut
    filterset_class = TaskFilter

    @extend_schema(request=TaskTakeIn)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: Any) -> Response:
        """Say that you are on it. 409 `task_taken` if somebody else is."""
        task_id = self.get_object().pk
        data = parse_body(TaskTakeIn, request)
        task = services.take_task(task_id=task_id, at=timezone.now(), by=actor(request), **data)
        return Response(TaskOut(task).data)

    @extend_schema(request=TaskDoneIn)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: Any) -> Response:
        """Tick it off; what is grave or was reported of the skin, with the outcome as its note. 409
        `task_done` if somebody else has."""
        task_id = self.get_object().pk
        data = parse_body(TaskDoneIn, request)
        task = services.finish_task(task_id=task_id, at=timezone.now(), by=actor(request), **data)
        return Response(TaskOut(task).data)
