"""Treatments beside the needle, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import CodeField, Form, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.permissions import actor
from patients import services
from patients.models import (
    Area,
    OtherTreatment,
    OtherTreatmentKind,
    OtherTreatmentStatus,
    Patient,
    Place,
    StaffTask,
    day_or_plan,
)


class OtherTreatmentChangeIn(Form):
    kind = serializers.ChoiceField(choices=OtherTreatmentKind.choices)
    area = CodeField(queryset=Area.objects.all())
    zones = serializers.ListField(
        child=serializers.SlugField(max_length=40),
        required=False,
        max_length=40,
        help_text="Of this area, by code; all of it if none is named.",
    )
    status = serializers.ChoiceField(choices=OtherTreatmentStatus.choices, required=False)
    treated_on = serializers.DateField(validators=[day_or_plan])
    place = serializers.ChoiceField(choices=Place.choices)
    place_name = TextField(required=False, allow_blank=True, max_length=200)
    notes = TextField(required=False, allow_blank=True, max_length=5_000)


class OtherTreatmentIn(OtherTreatmentChangeIn):
    patient = VisibleField(queryset=Patient.objects.all())


class OtherTreatmentOut(serializers.ModelSerializer[OtherTreatment]):
    area = serializers.CharField(source="area.code")

    class Meta:
        model = OtherTreatment
        fields = [
            *("id", "patient", "kind", "status", "area", "zones", "treated_on", "place"),
            *("place_name", "notes", "recorded_at", "recorded_by"),
        ]
        read_only_fields = fields


class OtherTreatmentSavedOut(OtherTreatmentOut):
    warnings = serializers.SerializerMethodField()

    class Meta(OtherTreatmentOut.Meta):
        fields = [*OtherTreatmentOut.Meta.fields, "warnings"]
        read_only_fields = fields

    def get_warnings(self, treatment: OtherTreatment) -> list[str]:
        open_tasks = StaffTask.objects.open().filter(source=treatment.task_source)
        return [line for task in open_tasks for line in task.detail.splitlines()]


class OtherTreatmentFilter(filters.FilterSet):
    patient = IdFilter()
    kind = filters.ChoiceFilter(choices=OtherTreatmentKind.choices)
    status = filters.ChoiceFilter(choices=OtherTreatmentStatus.choices)

    class Meta:
        model = OtherTreatment
        fields: list[str] = []


class OtherTreatmentViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = OtherTreatment
    resource = "patients.othertreatment"
    serializer_class = OtherTreatmentOut
    filterset_class = OtherTreatmentFilter

    def get_queryset(self) -> QuerySet[OtherTreatment]:
        return super().get_queryset().select_related("area")

    @extend_schema(request=OtherTreatmentIn, responses={201: OtherTreatmentSavedOut})
    def create(self, request: Request) -> Response:
        data = parse_body(OtherTreatmentIn, request)
        treatment = services.record_other_treatment(
            patient_id=data.pop("patient").pk, **data, at=timezone.now(), by=actor(request)
        )
        return Response(OtherTreatmentSavedOut(treatment).data, status=201)

    @extend_schema(request=OtherTreatmentChangeIn(partial=True), responses=OtherTreatmentSavedOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        treatment = self.get_object()
        changes = parse_body(OtherTreatmentChangeIn, request, partial=True)
        treatment = services.correct_other_treatment(
            treatment_id=treatment.pk, changes=changes, at=timezone.now(), by=actor(request)
        )
        return Response(OtherTreatmentSavedOut(treatment).data)
