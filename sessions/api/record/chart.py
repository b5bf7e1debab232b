"""The record of a session over HTTP: chart, cartridges, findings, overrides and addenda."""

from typing import Any
from uuid import UUID

from django.db.models import Model, Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.base import InstantField
from clinic.api.forms import CodeField, DayField, Form, RowField, TextField, parse_body
from clinic.api.paging import page_of, pages_by
from clinic.findings import Severity
from clinic.permissions import actor
from patients.models import Zone
from sessions import services
from sessions.api.record.signer import SIGNED_WITH
from sessions.lifecycle import Status
from sessions.models import (
    MAX_DEPTH_MM,
    MAX_PASSES,
    MIN_DEPTH_MM,
    Addendum,
    CartridgeUse,
    Direction,
    Endpoint,
    Identifier,
    LocalAnaesthetic,
    Product,
    ProductUse,
    Side,
    TreatmentSession,
    ZoneTreatment,
    tube_code,
)
from sessions.safety.assessment import assess_session


class ZoneEntryIn(Form):
    zone = CodeField(queryset=Zone.objects.all())
    side = serializers.ChoiceField(choices=Side.choices, default=Side.BOTH)
    depth_mm = serializers.DecimalField(
        max_digits=3,
        decimal_places=2,
        min_value=MIN_DEPTH_MM,
        max_value=MAX_DEPTH_MM,
        error_messages={
            "min_value": "The depth must be at least {min_value} mm.",
            "max_value": "The depth must be at most {max_value} mm.",
        },
    )
    passes = serializers.IntegerField(min_value=1, max_value=MAX_PASSES)
    directions = serializers.MultipleChoiceField(choices=Direction.choices, default=set)
    endpoint = serializers.ChoiceField(choices=Endpoint.choices, default=Endpoint.ERYTHEMA)
    note = TextField(required=False, allow_blank=True, max_length=500, default="")

    def validate_directions(self, value: set[str]) -> list[str]:
        return sorted(value)


class ProductEntryIn(Form):
    product = RowField(queryset=Product.objects.all())
    lot = TextField(max_length=40)
    grams = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    area_cm2 = serializers.IntegerField(
        min_value=1, max_value=20_000, required=False, allow_null=True
    )
    on_at = InstantField(required=False, allow_null=True)
    off_at = InstantField(required=False, allow_null=True)
    is_occluded = serializers.BooleanField(default=False)
    prescriber = TextField(required=False, allow_blank=True, max_length=120, default="")
    tube_label = TextField(required=False, allow_blank=True, max_length=20, default="")
    identifiers = serializers.MultipleChoiceField(choices=Identifier.choices, default=set)
    note = TextField(required=False, allow_blank=True, max_length=500, default="")

    def validate_identifiers(self, value: set[str]) -> list[str]:
        return sorted(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        on_at, off_at = attrs.get("on_at"), attrs.get("off_at")
        if off_at and on_at is None:
            raise serializers.ValidationError({"on_at": ["Say when it went on, too."]})
        if off_at and off_at < on_at:
            raise serializers.ValidationError({"off_at": ["It comes off after it went on."]})
        return attrs


class ChartIn(Form):
    zones = ZoneEntryIn(many=True, allow_empty=False)
    products = ProductEntryIn(many=True, required=False, default=list)
    pain_score = serializers.IntegerField(
        min_value=0, max_value=10, required=False, allow_null=True, default=None
    )
    sharps_disposed = serializers.BooleanField(default=False)
    notes = TextField(required=False, allow_blank=True, max_length=10_000, default="")


class ZoneTreatmentOut(serializers.ModelSerializer[ZoneTreatment]):
    zone = serializers.CharField(source="zone.code")

    class Meta:
        model = ZoneTreatment
        fields = ["zone", "side", "depth_mm", "passes", "directions", "endpoint", "note"]
        read_only_fields = fields


class DrugUseOut(serializers.Serializer[Any]):
    drug = serializers.ChoiceField(choices=LocalAnaesthetic.choices)
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    mg = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)


class ProductUseOut(serializers.ModelSerializer[ProductUse]):
    product_name = serializers.CharField(source="product.name")
    minutes_on = serializers.SerializerMethodField()
    minutes_max = serializers.IntegerField(source="product.minutes_max", allow_null=True)
    drugs = serializers.SerializerMethodField()

    class Meta:
        model = ProductUse
        fields = [
            *("product", "product_name", "lot", "grams", "area_cm2", "on_at", "off_at"),
            *("minutes_on", "minutes_max", "is_occluded", "prescriber", "tube_label"),
            *("identifiers", "drugs", "note"),
        ]
        read_only_fields = fields

    def get_minutes_on(self, use: ProductUse) -> int | None:
        return use.minutes_on(at=timezone.now())

    @extend_schema_field(DrugUseOut(many=True))
    def get_drugs(self, use: ProductUse) -> Any:
        """Each drug that is named, and its milligrams as far as the grams are known."""
        rows = [
            {"drug": each.drug, "percent": each.percent, "mg": each.mg_in(use.grams)}
            for each in use.product.named_drugs
        ]
        return DrugUseOut(rows, many=True).data


class CartridgeUseOut(serializers.ModelSerializer[CartridgeUse]):
    gtin = serializers.CharField(source="lot.gtin")
    lot_number = serializers.CharField(source="lot.lot")
    expires_on = serializers.DateField(source="lot.expires_on")

    class Meta:
        model = CartridgeUse
        fields = ["id", "lot", "gtin", "lot_number", "expires_on", "serial", "used_on", "deviation"]
        read_only_fields = fields


class ChartOut(serializers.Serializer[Any]):
    of_model = TreatmentSession

    session = serializers.UUIDField(source="pk")
    status = serializers.ChoiceField(choices=Status.choices)
    zones = ZoneTreatmentOut(source="zone_treatments", many=True)
    products = ProductUseOut(source="product_uses", many=True)
    cartridges = CartridgeUseOut(source="cartridge_uses", many=True)
    pain_score = serializers.IntegerField(allow_null=True)
    sharps_disposed = serializers.BooleanField()
    tube_code = serializers.SerializerMethodField()
    notes = serializers.CharField()
    signed_by = serializers.UUIDField(source="signed_by_id", allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    aborted_at = serializers.DateTimeField(allow_null=True)
    abort_reason = serializers.CharField()
    abort_note = serializers.CharField()

    def get_tube_code(self, session: TreatmentSession) -> str:
        return tube_code(session)


class CartridgeIn(Form):
    code = serializers.CharField(
        max_length=120, help_text="As scanned, or (01)GTIN(17)YYMMDD(10)LOT(21)SERIAL."
    )
    reason = TextField(
        required=False,
        allow_blank=True,
        max_length=500,
        default="",
        help_text="Only of one that was recalled or has expired and was in use before anybody "
        "knew: how it came about. With what was done it makes a deviation.",
    )
    action_taken = TextField(required=False, allow_blank=True, max_length=500, default="")


class FindingOut(serializers.Serializer[Any]):
    code = serializers.CharField(source="finding.code")
    subject = serializers.CharField(source="finding.subject")
    severity = serializers.ChoiceField(source="finding.severity", choices=Severity.choices)
    message = serializers.CharField(source="finding.message")
    rule = serializers.CharField(source="finding.rule")
    source = serializers.CharField(source="finding.source")  # type: ignore[assignment]
    numbers = serializers.DictField(source="finding.numbers", child=serializers.CharField())
    clear_on = serializers.DateField(source="finding.clear_on", allow_null=True)
    overridable_by = serializers.ListField(
        source="finding.overridable_by", child=serializers.CharField()
    )
    sign_off = serializers.CharField(
        source="finding.sign_off",
        help_text="The credential that who overrides it must hold, or else name who has signed off;"
        " empty if none.",
    )
    is_open = serializers.BooleanField(help_text="It still needs a decision.")
    overridden_by = serializers.UUIDField(source="overridden_by.pk", allow_null=True)
    overridden_at = serializers.DateTimeField(allow_null=True)
    override_reason = serializers.CharField()
    signed_off_by = serializers.CharField()
    signed_off_on = serializers.DateField(allow_null=True)
    deviation = serializers.UUIDField(
        source="deviation.pk",
        allow_null=True,
        default=None,
        help_text="The deviation that tells how it came about, by id.",
    )


class OverrideIn(Form):
    code = TextField(max_length=60)
    subject = TextField(required=False, allow_blank=True, max_length=60, default="")
    reason = TextField(max_length=500)
    signed_off_by = TextField(required=False, allow_blank=True, max_length=120, default="")
    signed_off_on = DayField(required=False, allow_null=True, default=None)


class AddendumIn(Form):
    text = TextField(max_length=10_000)
    is_patients_wish = serializers.BooleanField(
        default=False,
        help_text="A correction note: the patient disputes the record, and the text says what they "
        "say of it.",
    )


class AddendumOut(serializers.ModelSerializer[Addendum]):
    class Meta:
        model = Addendum
        fields = ["id", "text", "is_patients_wish", "at", "by"]
        read_only_fields = fields


# what belongs to a chart, and what each row needs to be shown
CHART: list[tuple[str, type[Model], str]] = [
    ("zone_treatments", ZoneTreatment, "zone"),
    ("product_uses", ProductUse, "product"),
    ("cartridge_uses", CartridgeUse, "lot"),
]


class ChartActions(GenericViewSet[Any]):
    """The part of a session's endpoints that clinicians use."""

    @extend_schema(responses=ChartOut)
    @action(detail=True, methods=["get"])
    def chart(self, request: Request, pk: Any) -> Response:
        return self.chart_of(self.get_object().pk)

    @extend_schema(request=ChartIn, responses=ChartOut)
    @chart.mapping.put
    def write_chart(self, request: Request, pk: Any) -> Response:
        """Replace zones, products, pain and notes of a session in progress."""
        session_id = self.get_object().pk
        services.write_chart(
            session_id=session_id,
            **parse_body(ChartIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return self.chart_of(session_id)

    def chart_of(self, session_id: UUID, *, status: int = 200) -> Response:
        parts = (
            Prefetch(name, model._default_manager.select_related(of).order_by("id"))
            for name, model, of in CHART
        )
        rows = TreatmentSession.objects.prefetch_related(*parts, "product_uses__product__drugs")
        session = rows.get(pk=session_id)
        return Response(ChartOut(session).data, status=status)

    @extend_schema(request=CartridgeIn, responses={201: CartridgeUseOut})
    @action(detail=True, methods=["post"])
    def cartridges(self, request: Request, pk: Any) -> Response:
        """Record the cartridge that was scanned. 409 codes: `cartridge_unknown cartridge_used
        cartridge_expired cartridge_recalled cartridge_is_fit cartridge_of_other_device`."""
        session_id = self.get_object().pk
        data = parse_body(CartridgeIn, request)
        use = services.use_cartridge(
            session_id=session_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(CartridgeUseOut(use).data, status=201)

    @extend_schema(responses=FindingOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def findings(self, request: Request, pk: Any) -> Response:
        """What the safety rules say now (or said when the record was signed), gravest first."""
        return self._findings(self.get_object().pk)

    def _findings(self, session_id: UUID, *, status: int = 200) -> Response:
        session = TreatmentSession.objects.with_record().get(pk=session_id)
        assessed = assess_session(session, at=timezone.now())
        return Response(FindingOut(assessed, many=True).data, status=status)

    @extend_schema(
        request=OverrideIn, responses={201: FindingOut(many=True)}, parameters=[SIGNED_WITH]
    )
    @action(detail=True, methods=["post"])
    def overrides(self, request: Request, pk: Any) -> Response:
        """Go on in spite of a finding, with a reason. Answers all findings."""
        session_id = self.get_object().pk
        services.override_finding(
            session_id=session_id,
            **parse_body(OverrideIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return self._findings(session_id, status=201)

    @extend_schema(responses=AddendumOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def addenda(self, request: Request, pk: Any) -> Response:
        """What was added to the signed record, oldest first."""
        return page_of(self, self.get_object().addenda.all(), AddendumOut)

    @extend_schema(request=AddendumIn, responses={201: AddendumOut})
    @addenda.mapping.post
    def add_addendum(self, request: Request, pk: Any) -> Response:
        session_id = self.get_object().pk
        data = parse_body(AddendumIn, request)
        addendum = services.add_addendum(
            session_id=session_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(AddendumOut(addendum).data, status=201)
