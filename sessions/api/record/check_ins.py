"""Reports of healing over HTTP, as staff take them down."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField
from clinic.api.forms import CodeField, Form, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.permissions import actor
from patients.models import Zone
from sessions import services
from sessions.api.record.healing import SideEffectOut
from sessions.models import CheckIn, Feeling, SideEffectKind, TreatmentSession
from sessions.triage import Level, Sign


def _score() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0,
        max_value=10,
        required=False,
        allow_null=True,
        help_text="0 none, 10 the worst that one can think of; null: unknown.",
    )


class CheckInIn(Form):
    session = VisibleField(queryset=TreatmentSession.objects.all())
    report = VisibleField(
        queryset=CheckIn.objects.all(),
        required=False,
        allow_null=True,
        help_text="The report that this goes on with: what it answered and this does not, stays.",
    )
    feeling = serializers.ChoiceField(choices=Feeling.choices, required=False, allow_blank=True)
    signs = serializers.ListField(
        child=serializers.ChoiceField(choices=Sign.choices),
        required=False,
        allow_null=True,
        help_text="What is seen or felt. [] is “none of these”; null: not asked, which is no “no”.",
    )
    redness = _score()
    swelling = _score()
    pain = _score()
    itch = _score()
    bleeding_minutes = serializers.IntegerField(
        min_value=0, max_value=10_000, required=False, allow_null=True
    )
    words = TextField(required=False, allow_blank=True, max_length=4_000)
    may_call = serializers.BooleanField(required=False, allow_null=True)


class ReportedIn(Form):
    """What is known better than by the report; whatever is left out is taken from its answers."""

    kind = serializers.ChoiceField(choices=SideEffectKind.choices, required=False)
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True)
    grade = serializers.IntegerField(
        min_value=1, max_value=5, required=False, help_text="CTCAE v5."
    )
    is_expected = serializers.BooleanField(required=False)
    onset_at = InstantField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=5_000)


class FiredOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    level = serializers.ChoiceField(choices=Level.choices)


class CheckInOut(serializers.ModelSerializer[CheckIn]):
    patient = serializers.UUIDField(source="session.patient_id")
    signs = serializers.ListField(
        child=serializers.ChoiceField(choices=Sign.choices), allow_null=True
    )
    fired = FiredOut(many=True)
    rules_version = serializers.IntegerField(source="rules.version")

    class Meta:
        model = CheckIn
        fields = [
            *("id", "session", "patient", "report", "reported_at", "day", "feeling", "signs"),
            *("redness", "swelling", "pain", "itch", "bleeding_minutes", "words", "may_call"),
            *("level", "fired", "rules_version", "is_draft", "recorded_by"),
        ]
        read_only_fields = fields


class CheckInFilter(filters.FilterSet):
    session = IdFilter()
    patient = IdFilter(field_name="session__patient")
    level = filters.MultipleChoiceFilter(choices=Level.choices, distinct=False)

    class Meta:
        model = CheckIn
        fields: list[str] = []


class CheckInViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = CheckIn
    resource = "treatment_sessions.checkin"
    serializer_class = CheckInOut
    filterset_class = CheckInFilter
    permissions = {"side_effect": "treatment_sessions.add_sideeffect"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("session", "rules")

    @extend_schema(request=CheckInIn, responses={201: CheckInOut})
    def create(self, request: Request) -> Response:
        data = parse_body(CheckInIn, request)
        session_id = data.pop("session").pk
        check_in = services.record_check_in(
            session_id=session_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(CheckInOut(check_in).data, status=201)

    @extend_schema(request=ReportedIn, responses={201: SideEffectOut})
    @action(detail=True, methods=["post"], url_path="side-effect")
    def side_effect(self, request: Request, pk: Any) -> Response:
        """Record the side effect that the report tells of. An empty body takes kind, zone, grade
        and onset from its answers; 409 `already_recorded` for the same kind again."""
        check_in_id = self.get_object().pk
        corrections = parse_body(ReportedIn, request)
        side_effect = services.record_reported(
            check_in_id=check_in_id, **corrections, at=timezone.now(), by=actor(request)
        )
        return Response(SideEffectOut(side_effect).data, status=201)
