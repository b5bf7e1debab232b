"""What an outcome visit has measured and what it lacks, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from sessions.api.record.consultation import ConsultationItemOut
from sessions.safety.outcome_visit import outcome_items


class OutcomeVisitActions(GenericViewSet[Any]):
    """The part of a session's endpoints that is read at an outcome visit."""

    @extend_schema(responses=ConsultationItemOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, url_path="outcome-items")
    def outcome_items(self, request: Request, pk: Any) -> Response:
        """The scales and standard views of the plan: what is measured at this visit, how it has
        changed, and what is missing. Nothing for visits of other kinds."""
        items = outcome_items(self.get_object(), at=timezone.now())
        return Response(ConsultationItemOut(items, many=True).data)
