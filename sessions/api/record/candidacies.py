"""Whether a person is a candidate for needling, over HTTP."""

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.permissions import actor
from patients.models import Patient
from sessions import services
from sessions.models import Candidacy, CandidacyOutcome, TreatmentSession


class CandidacyIn(Form):
    patient = VisibleField(queryset=Patient.objects.all())
    session = VisibleField(
        queryset=TreatmentSession.objects.all(),
        required=False,
        allow_null=True,
        help_text="The visit at which it was decided.",
    )
    outcome = serializers.ChoiceField(
        choices=CandidacyOutcome.choices, help_text="What was decided."
    )
    concerns = serializers.ListField(
        child=serializers.SlugField(max_length=40),
        required=False,
        max_length=40,
        help_text="What it is about, by code; the person as a whole if none is named.",
    )
    until = serializers.DateField(
        required=False,
        allow_null=True,
        help_text="With `NOT_NOW`, and only then: the first day that is possible again.",
    )
    reason = TextField(
        required=False,
        allow_blank=True,
        max_length=2_000,
        help_text="Needed with `NOT_NOW` and `DECLINED`.",
    )
    alternatives = TextField(
        required=False,
        allow_blank=True,
        max_length=2_000,
        help_text="What the patient was told could be done instead; needed with `DECLINED`.",
    )
    expectations = TextField(
        required=False, allow_blank=True, max_length=2_000, help_text="What the patient hopes for."
    )
    other_treatments = TextField(
        required=False,
        allow_blank=True,
        max_length=2_000,
        help_text="What was tried before, and what goes on elsewhere.",
    )


class CandidacyOut(serializers.ModelSerializer[Candidacy]):
    class Meta:
        model = Candidacy
        fields = [
            *("id", "patient", "session", "outcome", "concerns", "until", "reason"),
            *("alternatives", "expectations", "other_treatments", "decided_at", "decided_by"),
        ]
        read_only_fields = fields


class CandidacyFilter(filters.FilterSet):
    patient = IdFilter()
    outcome = filters.ChoiceFilter(choices=CandidacyOutcome.choices)

    class Meta:
        model = Candidacy
        fields: list[str] = []


class CandidacyViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = Candidacy
    resource = "treatment_sessions.candidacy"
    serializer_class = CandidacyOut
    filterset_class = CandidacyFilter

    @extend_schema(request=CandidacyIn, responses={201: CandidacyOut})
    def create(self, request: Request) -> Response:
        data = parse_body(CandidacyIn, request)
        decided = services.record_candidacy(**data, at=timezone.now(), by=actor(request))
        return Response(CandidacyOut(decided).data, status=201)
