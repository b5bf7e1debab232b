"""Opening what is clinical of one patient for an hour, over HTTP (decision 0070)."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.queries import IdFilter
from clinic.permissions import actor
from patients import services
from patients.models import BreakGlass, Patient


class BreakGlassIn(Form):
    patient = VisibleField(queryset=Patient.objects.all())
    reason = TextField(
        max_length=300,
        help_text="Why you need what is clinical; those who treat read it. 10 characters at the"
        " least.",
    )


class BreakGlassOut(serializers.ModelSerializer[BreakGlass]):
    class Meta:
        model = BreakGlass
        fields = ["id", "clinic", "patient", "by", "reason", "opened_at", "until", "ended_at"]
        read_only_fields = fields


class BreakGlassFilter(filters.FilterSet):
    patient = IdFilter()

    class Meta:
        model = BreakGlass
        fields: list[str] = []


class BreakGlassViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Who has opened the clinical record of a patient without treating them, and why."""

    model = BreakGlass
    resource = "patients.breakglass"
    permissions = {"end": "patients.change_breakglass"}
    serializer_class = BreakGlassOut
    filterset_class = BreakGlassFilter

    @extend_schema(request=BreakGlassIn, responses={201: BreakGlassOut})
    def create(self, request: Request) -> Response:
        """Open what is clinical of one patient to yourself for 60 minutes. It is told to those who
        treat, and each access until then is written down with it. 409 `record_is_open` if it is
        open to you already."""
        data = parse_body(BreakGlassIn, request)
        glass = services.open_record(
            patient_id=data["patient"].pk,
            reason=data["reason"],
            at=timezone.now(),
            by=actor(request),
        )
        return Response(BreakGlassOut(glass).data, status=201)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: Any) -> Response:
        """Close it before its hour is over. 409 `break_glass_ended` if it is over."""
        glass = services.end_break_glass(
            break_glass_id=self.get_object().pk, at=timezone.now(), by=actor(request)
        )
        return Response(BreakGlassOut(glass).data)
