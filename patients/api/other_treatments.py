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
from patients.models import Area, OtherTreatment, OtherTreatmentKind, Patient, Place, past_day


class OtherTreatmentChangeIn(Form):
    kind = serializers.ChoiceField(choices=OtherTreatmentKind.choices)
    area = CodeField(queryset=Area.objects.all())
    zones = serializers.ListField(
        child=serializers.SlugField(max_length=40),
        required=False,
        max_length=40,
        help_text="Of this area, by code; all of it if none is named.",
    )
    treated_on = serializers.DateField(validators=[past_day])
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
            *("id", "patient", "kind", "area", "zones", "treated_on", "place", "place_name"),
            *("notes", "recorded_at", "recorded_by"),
        ]
        read_only_fields = fields


class OtherTreatmentFilter(filters.FilterSet):
    patient = IdFilter()
    kind = filters.ChoiceFilter(choices=OtherTreatmentKind.choices)

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

    @extend_schema(request=OtherTreatmentIn, responses={201: OtherTreatmentOut})
    def create(self, request: Request) -> Response:
        data = parse_body(OtherTreatmentIn, request)
        treatment = services.record_other_treatment(
            patient_id=data.pop("patient").pk, **data, at=timezone.now(), by=actor(request)
        )
        return Response(OtherTreatmentOut(treatment).data, status=201)

    @extend_schema(request=OtherTreatmentChangeIn(partial=True), responses=OtherTreatmentOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        treatment = self.get_object()
        changes = parse_body(OtherTreatmentChangeIn, request, partial=True)
        treatment = services.correct_other_treatment(
            treatment_id=treatment.pk, changes=changes, at=timezone.now(), by=actor(request)
        )
        return Response(OtherTreatmentOut(treatment).data)
