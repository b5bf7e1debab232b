"""What clinicians know of a patient, over HTTP: history, skin, concerns, screening."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.forms import CodeField, Form, TextField, parse_body
from clinic.api.paging import ListPages, page_of, pages_by
from clinic.permissions import actor
from patients import services
from patients.models import (
    Concern,
    ConcernSubtype,
    Patient,
    PatientConcern,
    Screening,
    ScreeningAnswer,
    ScreeningKind,
    SkinType,
    SkinTypeAssessment,
    Zone,
    past_day,
)

MEDICAL_PERMISSIONS = {
    "medical": "patients.view_medical",
    "change_medical": "patients.change_medical",
    "skin_types": "patients.view_medical",
    "assess_skin_type": "patients.change_medical",
    "concerns": "patients.view_medical",
    "record_concern": "patients.change_medical",
    "screenings": "patients.view_screening",
    "record_screening": "patients.add_screening",
}


class MedicalIn(Form):
    allergies = TextField(required=False, allow_blank=True, max_length=5_000)
    keloid_history = serializers.BooleanField(required=False, allow_null=True)
    cold_sore_history = serializers.BooleanField(required=False, allow_null=True)
    weight_kg = serializers.DecimalField(
        max_digits=4, decimal_places=1, min_value=1, max_value=400, required=False, allow_null=True
    )
    weighed_on = serializers.DateField(required=False, allow_null=True, validators=[past_day])
    notes = TextField(required=False, allow_blank=True, max_length=10_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A weight without its day is worth nothing: both, or null for both."""
        pair = {
            "weight_kg": "Give the weight, too.",
            "weighed_on": "Give the day of weighing, too.",
        }
        given = [name for name in pair if attrs.get(name) is not None]
        if len(given) == 1 or len(pair.keys() & attrs.keys()) == 1:
            missing = next((name for name in pair if attrs.get(name) is None), "weight_kg")
            raise serializers.ValidationError({missing: [pair[missing]]})
        return attrs


class MedicalOut(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = [
            *("id", "skin_type", "allergies", "keloid_history", "cold_sore_history"),
            *("weight_kg", "weighed_on", "notes"),
        ]
        read_only_fields = fields


class SkinTypeIn(Form):
    skin_type = serializers.ChoiceField(choices=SkinType.choices)
    assessed_on = serializers.DateField(validators=[past_day])


class SkinTypeOut(serializers.ModelSerializer[SkinTypeAssessment]):
    class Meta:
        model = SkinTypeAssessment
        fields = ["skin_type", "assessed_on", "assessed_by"]
        read_only_fields = fields


class PatientConcernIn(Form):
    concern = CodeField(queryset=Concern.objects.all())
    subtype = CodeField(queryset=ConcernSubtype.objects.all(), required=False, allow_null=True)
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True)
    baseline_grade = serializers.IntegerField(
        min_value=1, max_value=4, required=False, allow_null=True
    )
    onset_on = serializers.DateField(required=False, allow_null=True, validators=[past_day])
    note = TextField(required=False, allow_blank=True, max_length=500)


class PatientConcernOut(serializers.ModelSerializer[PatientConcern]):
    concern = serializers.CharField(source="concern.code")
    subtype = serializers.CharField(source="subtype.code", allow_null=True)
    advice = serializers.CharField(source="subtype.advice", default="")
    zone = serializers.CharField(source="zone.code", allow_null=True)

    class Meta:
        model = PatientConcern
        fields = [
            *("id", "concern", "subtype", "advice", "zone", "baseline_grade", "onset_on", "note"),
        ]
        read_only_fields = fields


class AnswerIn(Form):
    rule = serializers.SlugField(max_length=40)
    answer = serializers.BooleanField()
    last_exposure_on = serializers.DateField(required=False, allow_null=True)
    zones = serializers.ListField(child=serializers.SlugField(), required=False, max_length=40)
    detail = TextField(required=False, allow_blank=True, max_length=500)


class ScreeningIn(Form):
    kind = serializers.ChoiceField(choices=ScreeningKind.choices, default=ScreeningKind.FULL)
    answers = AnswerIn(many=True)
    good_health = serializers.BooleanField()
    expectations_discussed = serializers.BooleanField()
    note = TextField(required=False, allow_blank=True, max_length=5_000)


class AnswerOut(serializers.ModelSerializer[ScreeningAnswer]):
    rule = serializers.CharField(source="rule.code")
    version = serializers.IntegerField(source="rule.version")

    class Meta:
        model = ScreeningAnswer
        fields = ["rule", "version", "answer", "last_exposure_on", "zones", "detail"]
        read_only_fields = fields


class ScreeningOut(serializers.ModelSerializer[Screening]):
    answers = AnswerOut(many=True)

    class Meta:
        model = Screening
        fields = [
            *("id", "kind", "based_on", "taken_at", "taken_by", "valid_until", "good_health"),
            *("expectations_discussed", "note", "answers"),
        ]
        read_only_fields = fields


class AssessmentPages(ListPages):
    """By the day that was typed, of which there may be several a day."""

    def position_of(self, row: SkinTypeAssessment) -> str:
        return f"{row.assessed_on} {row.pk}"


class MedicalActions(GenericViewSet[Any]):
    """The part of a patient's endpoints that clinicians use."""

    @extend_schema(responses=MedicalOut)
    @action(detail=True, methods=["get"])
    def medical(self, request: Request, pk: Any) -> Response:
        return Response(MedicalOut(self.get_object()).data)

    @extend_schema(request=MedicalIn(partial=True), responses=MedicalOut)
    @medical.mapping.patch
    def change_medical(self, request: Request, pk: Any) -> Response:
        patient = self.get_object()
        changes = parse_body(MedicalIn, request, partial=True)
        patient = services.update_patient(
            patient_id=patient.pk,
            changes=changes,
            at=timezone.now(),
            by=actor(request),
        )
        return Response(MedicalOut(patient).data)

    @extend_schema(responses=SkinTypeOut(many=True), filters=False)
    @action(
        detail=True,
        methods=["get"],
        url_path="skin-types",
        pagination_class=AssessmentPages,
    )
    def skin_types(self, request: Request, pk: Any) -> Response:
        """All assessments, newest first."""
        return page_of(
            self,
            list(self.get_object().skin_type_assessments.order_by("-assessed_on", "-id")),
            SkinTypeOut,
        )

    @extend_schema(request=SkinTypeIn, responses={201: SkinTypeOut})
    @skin_types.mapping.post
    def assess_skin_type(self, request: Request, pk: Any) -> Response:
        patient_id = self.get_object().pk
        assessment = services.assess_skin_type(
            patient_id=patient_id,
            **parse_body(SkinTypeIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(SkinTypeOut(assessment).data, status=201)

    @extend_schema(responses=PatientConcernOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def concerns(self, request: Request, pk: Any) -> Response:
        rows = self.get_object().concerns.select_related("concern", "subtype", "zone")
        return page_of(self, rows, PatientConcernOut)

    @extend_schema(request=PatientConcernIn, responses={201: PatientConcernOut})
    @concerns.mapping.post
    def record_concern(self, request: Request, pk: Any) -> Response:
        patient_id = self.get_object().pk
        concern = services.record_concern(
            patient_id=patient_id,
            **parse_body(PatientConcernIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(PatientConcernOut(concern).data, status=201)

    @extend_schema(responses=ScreeningOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("-id"))
    def screenings(self, request: Request, pk: Any) -> Response:
        """Newest first."""
        rows = self.get_object().screenings.prefetch_related("answers__rule")
        return page_of(self, rows, ScreeningOut)

    @extend_schema(request=ScreeningIn, responses={201: ScreeningOut})
    @screenings.mapping.post
    def record_screening(self, request: Request, pk: Any) -> Response:
        """A FULL one answers every question of `screening-rules/`; a RESCREEN names those to be
        asked again and what has changed. What is asked only where blood is handled
        (`BLOOD_HANDLED`) is left out elsewhere, and not kept."""
        patient_id = self.get_object().pk
        screening = services.record_screening(
            patient_id=patient_id,
            **parse_body(ScreeningIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(ScreeningOut(screening).data, status=201)
