"""Catalogues, plans, free times, sessions, charts, healing, photographs and lots, over HTTP."""

from sessions.api.catalogue import (
    DeviceModelViewSet,
    OutcomeScaleViewSet,
    ProductViewSet,
    ProtocolViewSet,
    ZoneViewSet,
)
from sessions.api.healing import OutcomeViewSet, SideEffectViewSet
from sessions.api.lots import LotViewSet
from sessions.api.merging import MergeView
from sessions.api.photos import PhotoViewSet
from sessions.api.plans import AvailabilityViewSet, PlanViewSet
from sessions.api.sessions import SessionViewSet

__all__ = [
    "AvailabilityViewSet",
    "DeviceModelViewSet",
    "LotViewSet",
    "MergeView",
    "OutcomeScaleViewSet",
    "OutcomeViewSet",
    "PhotoViewSet",
    "PlanViewSet",
    "ProductViewSet",
    "ProtocolViewSet",
    "SessionViewSet",
    "SideEffectViewSet",
    "ZoneViewSet",
]
