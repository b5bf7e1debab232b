"""Two records of one person become one, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinic.api import VisibleField
from clinic.permissions import actor
from patients.models import Patient, PatientMerge
from sessions import services


class MergeIn(serializers.Serializer[Any]):
    duplicate = VisibleField(queryset=Patient.objects.all())
    reason = serializers.CharField(max_length=500)


class MergeOut(serializers.ModelSerializer[PatientMerge]):
    moved = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = PatientMerge
        fields = ["id", "kept", "merged", "at", "by", "reason", "moved"]
        read_only_fields = fields


class MergeView(APIView):
    """Moves everything of `duplicate` into this record and archives the empty one."""

    permissions = {"post": "patients.merge"}
    action = "post"

    @extend_schema(request=MergeIn, responses={201: MergeOut})
    def post(self, request: Request, pk: Any) -> Response:
        kept = get_object_or_404(Patient.objects.visible_to(actor(request)), pk=pk)
        form = MergeIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        merge = services.merge_patients(
            kept_id=kept.pk,
            merged_id=form.validated_data["duplicate"].pk,
            reason=form.validated_data["reason"],
            at=timezone.now(),
            by=actor(request),
        )
        return Response(MergeOut(merge).data, status=201)
