"""The recall of a lot over HTTP: who was told of it, who has read it, who is to be called."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare import services
from aftercare.models import RecallNotice, RecallState
from aftercare.services.recall import progress_of
from clinic.api.forms import require_no_body
from clinic.api.paging import page_of, pages_by
from clinic.permissions import actor, seen_among
from sessions.api import LotViewSet


class RecallNoticeOut(serializers.ModelSerializer[RecallNotice]):
    """How far one patient of a recalled lot is told. What a patient said on the telephone is for
    those who see side effects."""

    patient_name = serializers.CharField(source="patient.full_name")
    mobile = serializers.CharField(source="patient.mobile")
    starts_at = serializers.DateTimeField(source="session.starts_at")
    state = serializers.ChoiceField(choices=RecallState.choices)

    class Meta:
        model = RecallNotice
        fields = [
            *("id", "patient", "patient_name", "mobile", "session", "starts_at", "state"),
            *("issued_at", "told_at", "read_at", "call_asked_at", "called_at", "called_by"),
            "outcome",
        ]
        read_only_fields = fields

    def to_representation(self, instance: RecallNotice) -> dict[str, Any]:
        row: dict[str, Any] = super().to_representation(instance)
        if instance.patient_id not in self.context["seen"]:
            row["outcome"] = ""
        return row


class RecallProgressOut(serializers.Serializer[Any]):
    """How many patients of a lot stand where; each is counted once."""

    affected = serializers.IntegerField(help_text="All of them that were found so far.")
    cartridges_left = serializers.IntegerField(
        help_text="Cartridges of the lot whose patients a worker is still to look for: more than a "
        "hundred are left to it. 0 when all were looked at."
    )
    waiting = serializers.IntegerField(help_text="A message is on its way.")
    told = serializers.IntegerField(help_text="A message was sent and not answered yet.")
    read = serializers.IntegerField(help_text="Have pressed “I have read this”.")
    silent = serializers.IntegerField(help_text="Have not in two days: to be called.")
    unreachable = serializers.IntegerField(help_text="No message can arrive: to be called.")
    called = serializers.IntegerField(help_text="Were called.")


class RecalledLotViewSet(LotViewSet):
    permissions = {
        **LotViewSet.permissions,
        "recall_notices": "aftercare.view_recallnotice",
        "recall_progress": "aftercare.view_recallnotice",
        "tell_patients": "clinic.change_cartridgelot",
    }

    @extend_schema(responses=RecallNoticeOut(many=True), filters=False)
    @action(
        detail=True, methods=["get"], url_path="recall-notices", pagination_class=pages_by("id")
    )
    def recall_notices(self, request: Request, pk: Any) -> Response:
        """Each patient that a recalled lot was used on: told, read, called, or to be called."""
        rows = RecallNotice.objects.filter(lot=self.get_object())

        def out(page: Any, many: bool) -> RecallNoticeOut:
            patients = {notice.patient_id for notice in page}
            seen = seen_among(actor(request), "treatment_sessions.view_sideeffect", patients)
            return RecallNoticeOut(page, many=many, context={"seen": seen})

        return page_of(self, rows.select_related("patient", "session"), out)

    @extend_schema(responses=RecallProgressOut, filters=False)
    @action(detail=True, methods=["get"], url_path="recall-progress", pagination_class=None)
    def recall_progress(self, request: Request, pk: Any) -> Response:
        """How many patients of a recalled lot were told, have read it, or are to be called."""
        return Response(progress_of(self.get_object()))

    @extend_schema(request=None, responses=RecallProgressOut)
    @action(detail=True, methods=["post"], url_path="tell-patients")
    def tell_patients(self, request: Request, pk: Any) -> Response:
        """Say a recall again: to those whom it does not concern until now, and to those whom no
        message has reached. Nobody who was told is told twice."""
        require_no_body(request)
        lot = self.get_object()
        services.tell_patients(lot_id=lot.pk, at=timezone.now(), by=actor(request))
        return Response(progress_of(lot))
