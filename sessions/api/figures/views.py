"""Figures of a clinic over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet
from clinic.api.forms import parse_query
from sessions.api.figures.answers import OutcomesOut, RatesOut, SignalsOut
from sessions.api.figures.queries import FigureQuery, OutcomesQuery, SideEffectsQuery
from sessions.figures.read import milestone_window, read_outcomes, read_rates, read_signals
from sessions.figures.rows.side_effects import Events
from sessions.figures.side_effects import Grouping
from sessions.models import Milestone, TreatmentSession

QUERIES = {"outcomes": OutcomesQuery, "side_effects": SideEffectsQuery, "signals": FigureQuery}


class FigureViewSet(ClinicViewSet):
    """What came of the treatments of a clinic."""

    permissions = dict.fromkeys(QUERIES, "treatment_sessions.view_figures")
    serializer_class = OutcomesOut
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return TreatmentSession.objects.none()

    def known_query_params(self) -> set[str]:
        query = QUERIES.get(self.action or "")
        return set(query().get_fields()) if query else set()

    @extend_schema(parameters=[OutcomesQuery], responses=OutcomesOut)
    @action(detail=False, methods=["get"])
    def outcomes(self, request: Request) -> Response:
        """What was achieved, by depth band: one plan a patient, measured against its baseline.
        Below 60 % or 10 measured nothing is estimated."""
        asked = parse_query(OutcomesQuery, request)
        now, milestone = timezone.now(), Milestone(asked["milestone"])
        window = milestone_window(milestone, now)
        figure = read_outcomes(
            asked["scope"],
            scale=asked["scale"],
            rater_role=asked["rater_role"],
            milestone=milestone,
            window=window,
            at=now,
        )
        return Response(OutcomesOut({**asked, "window": window, "figure": figure}).data)

    @extend_schema(parameters=[SideEffectsQuery], responses=RatesOut)
    @action(detail=False, methods=["get"], url_path="side-effects")
    def side_effects(self, request: Request) -> Response:
        """Of how many sessions a side effect followed, by group. From 10 sessions on as a share."""
        asked = parse_query(SideEffectsQuery, request)
        groups = read_rates(asked["scope"], asked["events"], Grouping(asked["by"]))
        return Response(RatesOut({**asked, "groups": groups}).data)

    @extend_schema(parameters=[FigureQuery], responses=SignalsOut)
    @action(detail=False, methods=["get"])
    def signals(self, request: Request) -> Response:
        """Lots and products that unexpected side effects follow more often than others of their
        kind. A signal is a question to ask, not a finding."""
        asked = parse_query(FigureQuery, request)
        figure = read_signals(asked["scope"], Events(is_expected=False))
        return Response(SignalsOut({**asked, "figure": figure}).data)
