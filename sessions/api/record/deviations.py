"""Deviations of a session, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.forms import CodeField, Form, TextField, parse_body
from clinic.api.paging import page_of, pages_by
from clinic.permissions import actor
from patients.models import Zone
from sessions import services
from sessions.models import Deviation, DeviationKind


class DeviationIn(Form):
    kind = serializers.ChoiceField(choices=DeviationKind.choices)
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True, default=None)
    code = TextField(
        required=False,
        allow_blank=True,
        max_length=60,
        default="",
        help_text="Of the open finding that it answers, which the caller may not override.",
    )
    subject = TextField(required=False, allow_blank=True, max_length=60, default="")
    reason = TextField(max_length=500, help_text="How it came about.")
    action_taken = TextField(max_length=500, help_text="What was done about it.")


class DeviationOut(serializers.ModelSerializer[Deviation]):
    zone = serializers.CharField(source="zone.code", allow_null=True, default=None)

    class Meta:
        model = Deviation
        fields = [
            *("id", "kind", "zone", "code", "subject", "reason", "action_taken", "at", "by"),
        ]
        read_only_fields = fields


class DeviationActions(GenericViewSet[Any]):
    """What happened otherwise than it should."""

    @extend_schema(responses=DeviationOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def deviations(self, request: Request, pk: Any) -> Response:
        """What happened otherwise than it should, oldest first."""
        rows = self.get_object().deviations.select_related("zone")
        return page_of(self, rows, DeviationOut)

    @extend_schema(request=DeviationIn, responses={201: DeviationOut})
    @deviations.mapping.post
    def record_deviation(self, request: Request, pk: Any) -> Response:
        """Tell what happened; a finding that nobody may override is answered so, and the record can
        be signed. The manager gets a task."""
        session_id = self.get_object().pk
        data = parse_body(DeviationIn, request)
        deviation = services.record_deviation(
            session_id=session_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(DeviationOut(deviation).data, status=201)
