"""The healing curve of a session over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from sessions.api.figures.answers import HealingCurveOut
from sessions.figures.read import read_healing_curve


class HealingCurveActions(GenericViewSet[Any]):
    """The part of a session's endpoints that says how it heals."""

    @extend_schema(responses=HealingCurveOut, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, url_path="healing-curve")
    def healing_curve(self, request: Request, pk: Any) -> Response:
        """What was reported by day, against the patient's earlier sessions and other patients of
        the clinic with the same area, depth band and skin group."""
        curve = read_healing_curve(self.get_object(), at=timezone.now())
        return Response(HealingCurveOut(curve).data)
