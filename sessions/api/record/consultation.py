"""What a consultation has and what it lacks, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from sessions.safety.consultation import consultation_items


class ConsultationItemOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Such as `skin_type`.")
    name = serializers.CharField(help_text="In words.")
    is_there = serializers.BooleanField(help_text="Whether it is recorded, and still holds.")
    detail = serializers.CharField(help_text="What is there, or what is to be done.")


class ConsultationActions(GenericViewSet[Any]):
    """The part of a patient's endpoints that is read at a consultation."""

    @extend_schema(responses=ConsultationItemOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def consultation(self, request: Request, pk: Any) -> Response:
        """What a consultation must have, in the order of the visit: what is there, and what is
        missing. Nothing of it is required by a booking."""
        items = consultation_items(self.get_object(), at=timezone.now())
        return Response(ConsultationItemOut(items, many=True).data)
