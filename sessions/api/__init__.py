"""Catalogues, plans, free times, sessions and charts, over HTTP."""

from sessions.api.catalogue import ProtocolViewSet, ZoneViewSet
from sessions.api.plans import AvailabilityViewSet, PlanViewSet
from sessions.api.sessions import SessionViewSet

__all__ = [
    "AvailabilityViewSet",
    "PlanViewSet",
    "ProtocolViewSet",
    "SessionViewSet",
    "ZoneViewSet",
]
