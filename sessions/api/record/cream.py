"""Numbing cream on and off by one tap, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.forms import Form, RowField, TextField, parse_body
from clinic.permissions import actor
from sessions import services
from sessions.api.record.chart import ChartActions, ChartOut
from sessions.models import Product


class CreamIn(Form):
    product = RowField(queryset=Product.objects.all())
    lot = TextField(max_length=40)
    grams = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    area_cm2 = serializers.IntegerField(
        min_value=1, max_value=20_000, required=False, allow_null=True
    )
    is_occluded = serializers.BooleanField(default=False)
    prescriber = TextField(required=False, allow_blank=True, max_length=120, default="")


class CreamActions(ChartActions):
    """The clock of the server is stamped, whatever that of the tablet says."""

    @extend_schema(request=CreamIn, responses={201: ChartOut})
    @action(detail=True, methods=["post"], url_path="cream-on")
    def cream_on(self, request: Request, pk: Any) -> Response:
        """A numbing cream goes on the skin now, from check-in on. Answers the chart."""
        session_id = self.get_object().pk
        entry: Any = parse_body(CreamIn, request)
        services.put_cream_on(
            session_id=session_id, entry=entry, at=timezone.now(), by=actor(request)
        )
        return self.chart_of(session_id, status=201)

    @extend_schema(request=None, responses=ChartOut)
    @action(detail=True, methods=["post"], url_path="cream-off")
    def cream_off(self, request: Request, pk: Any) -> Response:
        """All numbing cream comes off now. Answers the chart."""
        session_id = self.get_object().pk
        services.take_cream_off(session_id=session_id, at=timezone.now(), by=actor(request))
        return self.chart_of(session_id)
