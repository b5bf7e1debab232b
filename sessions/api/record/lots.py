"""Cartridge lots over HTTP: deliveries, recalls, and whom a lot has touched."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic import services
from clinic.api.base import ClinicViewSet, acting_clinic
from clinic.api.forms import CodeField, Form, IdField, TextField, parse_body
from clinic.api.paging import page_of, pages_by
from clinic.models import CartridgeLot, DeviceModel
from clinic.permissions import actor
from sessions.gs1 import read_cartridge_code
from sessions.models import CartridgeUse


class LotIn(Form):
    device_model = CodeField(queryset=DeviceModel.objects.all())
    code = serializers.CharField(max_length=120, help_text="The GS1 code of one cartridge.")
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)
    clinic = IdField(required=False, help_text="Only needed by staff who work at several clinics.")


class RecallIn(Form):
    reason = TextField(max_length=300)


class LotOut(serializers.ModelSerializer[CartridgeLot]):
    device_model = serializers.CharField(source="device_model.code")

    class Meta:
        model = CartridgeLot
        fields = [
            *("id", "clinic", "device_model", "gtin", "lot", "expires_on", "quantity"),
            *("recalled_at", "recall_reason"),
        ]
        read_only_fields = fields


class TouchedOut(serializers.ModelSerializer[CartridgeUse]):
    """One use of a cartridge of the lot, with what a recall needs to know."""

    patient = serializers.UUIDField(source="session.patient_id")
    patient_name = serializers.CharField(source="session.patient.full_name")
    mobile = serializers.CharField(source="session.patient.mobile")
    email = serializers.CharField(source="session.patient.email")
    starts_at = serializers.DateTimeField(source="session.starts_at")

    class Meta:
        model = CartridgeUse
        fields = [
            *("session", "starts_at", "serial", "used_on", "patient", "patient_name"),
            *("mobile", "email"),
        ]
        read_only_fields = fields


class LotFilter(filters.FilterSet):
    gtin = filters.CharFilter(max_length=14)
    lot = filters.CharFilter(max_length=20)

    class Meta:
        model = CartridgeLot
        fields: list[str] = []


class LotViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = CartridgeLot
    resource = "clinic.cartridgelot"
    permissions = {
        "recall": "clinic.change_cartridgelot",
        "patients": "treatment_sessions.view_cartridgeuse",
    }
    serializer_class = LotOut
    filterset_class = LotFilter

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("device_model")

    @extend_schema(request=LotIn, responses={201: LotOut})
    def create(self, request: Request) -> Response:
        """Take a delivery into store by scanning one of its cartridges."""
        data = parse_body(LotIn, request)
        details = data
        scanned = read_cartridge_code(details["code"])
        lot = services.receive_cartridges(
            clinic=acting_clinic(request, details.get("clinic")),
            device_model=details["device_model"],
            gtin=scanned.gtin,
            lot=scanned.lot,
            expires_on=scanned.expires_on,
            quantity=details["quantity"],
            at=timezone.now(),
            by=actor(request),
        )
        return Response(LotOut(lot).data, status=201)

    @extend_schema(request=RecallIn)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, pk: Any) -> Response:
        """Stop the use of a lot at once."""
        lot_id = self.get_object().pk
        data = parse_body(RecallIn, request)
        lot = services.recall_lot(lot_id=lot_id, **data, at=timezone.now(), by=actor(request))
        return Response(LotOut(lot).data)

    @extend_schema(responses=TouchedOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def patients(self, request: Request, pk: Any) -> Response:
        """Every session and patient that a cartridge of this lot was used for."""
        uses = self.get_object().uses.select_related("session__patient")
        return page_of(self, uses, TouchedOut)
