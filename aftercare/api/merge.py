"""Two records of one person become one, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare.records.merge import merge_patients, preview_merge
from clinic.api.base import VisibleField
from clinic.api.forms import Form, TextField
from clinic.api.queries import StrictQuery
from clinic.http.writes import SafeWrites
from clinic.permissions import actor
from patients.merge import DUPLICATE, KEPT
from patients.models import Patient, PatientMerge


class DuplicateIn(Form):
    duplicate = VisibleField(
        queryset=Patient.objects.all(), help_text="The record that is given up."
    )


class MergeIn(DuplicateIn):
    reason = TextField(max_length=500)
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=[KEPT, DUPLICATE]),
        required=False,
        help_text="By the field of each contradiction: whose value is right.",
    )


class MergeOut(serializers.ModelSerializer[PatientMerge]):
    moved = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many rows of each table were moved."
    )
    values = serializers.DictField(
        child=serializers.DictField(
            child=serializers.JSONField(allow_null=True), help_text="kept, duplicate and result."
        ),
        help_text="Each field of the record that changed or was chosen.",
    )

    class Meta:
        model = PatientMerge
        fields = ["id", "kept", "merged", "at", "by", "reason", "moved", "values"]
        read_only_fields = fields


class ValueOut(serializers.JSONField):
    """A value of a patient's field: as JSON has it, or as text."""

    def to_representation(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bool | int) else str(value)


class ContradictionOut(serializers.Serializer[Any]):
    field = serializers.CharField()
    label: Any = serializers.CharField()
    kept = ValueOut()
    duplicate = ValueOut()


class MergePreviewOut(serializers.Serializer[Any]):
    contradictions = ContradictionOut(many=True, help_text="What has to be chosen.")
    moved = serializers.DictField(child=serializers.IntegerField())
    values = MergeOut().fields["values"]
    refusal = serializers.CharField(
        source="refusal.message",
        default=None,
        allow_null=True,
        help_text="What stands in the way, such as a session that would come too soon.",
    )


class MergeView(SafeWrites, StrictQuery):
    """Takes everything of `duplicate` into this record and archives the empty one."""

    operation_names = {"get": "preview_merge", "post": "merge_patients"}
    model = Patient
    permissions = {"get": "patients.merge", "post": "patients.merge"}

    @property
    def action(self) -> str | None:
        method: str = (self.request.method or "").lower()
        return method if method in self.permissions else None

    def known_query_params(self) -> set[str]:
        return set(DuplicateIn().get_fields()) if self.action == "get" else set()

    @extend_schema(parameters=[DuplicateIn], responses=MergePreviewOut)
    def get(self, request: Request, pk: Any) -> Response:
        """What merging would move, fill and join, and in what the two records contradict each
        other (`contradictions`): choose there, with `choices`. Changes nothing."""
        kept, form = self._form(request, DuplicateIn, request.query_params)
        preview = preview_merge(
            kept_id=kept.pk,
            merged_id=form["duplicate"].pk,
            at=timezone.now(),
            by=actor(request),
        )
        return Response(MergePreviewOut(preview).data)

    def get_rows(self) -> Any:
        return Patient.objects.visible_to(actor(self.request))

    @extend_schema(request=MergeIn, responses={201: MergeOut})
    def post(self, request: Request, pk: Any) -> Response:
        """409 `choices_needed` lists the `contradictions` between the two records: send the request
        again with `choices`, such as `{"email": "duplicate"}`."""
        kept, form = self._form(request, MergeIn, request.data)
        merge = merge_patients(
            kept_id=kept.pk,
            merged_id=form["duplicate"].pk,
            reason=form["reason"],
            choices=form.get("choices"),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(MergeOut(merge).data, status=201)

    def _form(
        self, request: Request, of: type[DuplicateIn], data: Any
    ) -> tuple[Patient, dict[str, Any]]:
        kept = self.get_object()
        form = of(data=data, context={"request": request})
        form.is_valid(raise_exception=True)
        self.touch(form.validated_data["duplicate"])
        return kept, form.validated_data
