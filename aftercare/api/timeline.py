"""The story of a patient over HTTP."""

from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare.records.history import Change, changes
from aftercare.records.timeline import Entry, timeline
from clinic.api.paging import ListPages, page_of
from clinic.api.queries import StrictQuery
from clinic.permissions import actor
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


class TimelinePages(ListPages):
    def position_of(self, row: Entry) -> str:
        return f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f} {row.id} {row.kind}"


class HistoryPages(ListPages):
    def position_of(self, row: Change) -> str:
        return f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f} {row.number:020} {row.table}"


class PatientStoryView(StrictQuery):
    about = Patient
    pagination_class: type[ListPages]
    permissions = {"get": "patients.view_history"}
    action = "get"

    def patient(self, request: Request, pk: Any) -> Patient:
        rows = Patient.objects.select_related("clinic").visible_to(actor(request))
        patient: Patient = get_object_or_404(rows, pk=pk)
        self.check_object_permissions(request, patient)
        return patient

    def known_query_params(self) -> set[str]:
        return set(ListPages.query_params)


class TimelineView(PatientStoryView):
    """Everything that happened to a patient, newest first."""

    operation_names = {"get": "list_patient_timeline"}
    pagination_class = TimelinePages

    @extend_schema(responses=EntryOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return page_of(self, timeline(self.patient(request, pk)), EntryOut)


class HistoryView(PatientStoryView):
    """Every change to the patient's record, newest first: who, when, from, to."""

    operation_names = {"get": "list_patient_history"}
    pagination_class = HistoryPages

    @extend_schema(responses=ChangeOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return page_of(self, changes(self.patient(request, pk)), ChangeOut)
