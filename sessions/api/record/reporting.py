"""Reports of severe side effects to an authority, over HTTP."""

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

from clinic.api.base import ClinicViewSet
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.queries import IdFilter, YesNoFilter
from clinic.permissions import actor
from sessions import services
from sessions.models import IncidentReport, ReportOutcome
from sessions.services.record.healing.reporting import filled_in


class SettleIn(Form):
    outcome = serializers.ChoiceField(choices=ReportOutcome.choices)
    sent_on = serializers.DateField(
        required=False, allow_null=True, help_text="If it was sent: on which day."
    )
    number = TextField(
        required=False, allow_blank=True, max_length=60, help_text="If it was sent: its reference."
    )
    reason = TextField(
        required=False, allow_blank=True, max_length=500, help_text="If it is not: why."
    )


class ReportOut(serializers.ModelSerializer[IncidentReport]):
    patient = serializers.UUIDField(source="side_effect.session.patient_id")
    report_to = serializers.CharField(source="rule.report_to", help_text="Who is told.")
    how = serializers.CharField(source="rule.how", help_text="By which form or page.")
    is_duty = serializers.BooleanField(source="rule.is_duty", help_text="The law asks for it.")
    says = serializers.CharField(source="rule.says")
    known_at = serializers.DateTimeField(help_text="Since when the clinic knows of it (UTC).")
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="By when it must be sent (UTC); null: nothing obliges to."
    )
    cited = serializers.CharField(
        source="rule.cited", help_text="The source of the rule, with the kind of evidence."
    )

    class Meta:
        model = IncidentReport
        fields = [
            *("id", "side_effect", "patient", "report_to", "how", "is_duty", "says", "cited"),
            *("known_at", "due_at", "outcome", "sent_on", "number", "reason"),
            *("settled_at", "settled_by"),
        ]
        read_only_fields = fields


class FilledInOut(serializers.Serializer[Any]):
    """What an authority asks for, from the record; it names no patient."""

    reporter = serializers.DictField(help_text="The clinic, and how to reach it.")
    patient = serializers.DictField(help_text="Our reference, age, sex, weight and skin type.")
    event = serializers.DictField(help_text="What happened, with its course.")
    device = serializers.DictField(allow_null=True, help_text="Maker, model and serial number.")
    cartridges = serializers.ListField(
        child=serializers.DictField(), help_text="GTIN, lot, serial number and expiry of each."
    )
    products = serializers.ListField(
        child=serializers.DictField(), help_text="Name and lot of each."
    )
    treatment = serializers.DictField(help_text="When, where and how deep.")


class ReportFilter(filters.FilterSet):
    side_effect = IdFilter()
    patient = IdFilter(field_name="side_effect__session__patient")
    settled = YesNoFilter(field_name="settled_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = IncidentReport
        fields: list[str] = []


class IncidentReportViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = IncidentReport
    resource = "treatment_sessions.incidentreport"
    permissions = {
        "settle": "treatment_sessions.change_incidentreport",
        "filled_in": "treatment_sessions.view_sideeffect",  # which it tells in full
    }
    serializer_class = ReportOut
    filterset_class = ReportFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("side_effect__session", "rule")

    @extend_schema(responses=FilledInOut, filters=False)
    @action(detail=True, methods=["get"], url_path="filled-in", pagination_class=None)
    def filled_in(self, request: Request, pk: Any) -> Response:
        """The report, filled in as far as the record goes: check it, and send it yourself."""
        return Response(FilledInOut(filled_in(self.get_object())).data)

    @extend_schema(request=SettleIn)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: Any) -> Response:
        """Say that it was sent, with day and number, or why it is not to be reported."""
        report_id = self.get_object().pk
        data = parse_body(SettleIn, request)
        report = services.settle_report(
            report_id=report_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(ReportOut(report).data)
