"""The story of a patient over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare.history import changes
from aftercare.timeline import timeline
from clinic.permissions import actor
from clinic.queries import StrictQuery
from patients.models import Patient


class EntryOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    id = serializers.UUIDField()
    title = serializers.CharField()
    detail = serializers.CharField()


class ChangeOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    table = serializers.CharField()
    id = serializers.UUIDField()
    change = serializers.ChoiceField(source="label", choices=["insert", "update", "delete"])
    values = serializers.DictField(
        source="fields",
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Field → [old, new].",
    )


class PatientStoryView(StrictQuery):
    permissions = {"get": "patients.view_history"}
    action = "get"

    def patient(self, request: Request, pk: Any) -> Patient:
        rows = Patient.objects.select_related("clinic").visible_to(actor(request))
        return get_object_or_404(rows, pk=pk)


class TimelineView(PatientStoryView):
    """Everything that happened to a patient, newest first."""

    operation_names = {"get": "list_patient_timeline"}

    @extend_schema(responses=EntryOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return Response(EntryOut(timeline(self.patient(request, pk)), many=True).data)


class HistoryView(PatientStoryView):
    """Every change to the patient's record, newest first: who, when, from, to."""

    operation_names = {"get": "list_patient_history"}

    @extend_schema(responses=ChangeOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return Response(ChangeOut(changes(self.patient(request, pk)), many=True).data)
