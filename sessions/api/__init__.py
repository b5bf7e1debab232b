"""Catalogues, plans, free times, sessions, holds, charts, healing, photos and lots, over HTTP."""

from sessions.api.availability import AvailabilityViewSet
from sessions.api.calendar import CalendarFeedViewSet, calendar_file
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
from sessions.api.plans import PlanViewSet
from sessions.api.retiring import (
    ArchivablePatientViewSet,
    RetirableConcernViewSet,
    RetirableDeviceViewSet,
    RetirablePractitionerViewSet,
    RetirableRoomViewSet,
)
from sessions.api.schedule import ClosureViewSet, TimeOffViewSet, WorkingHoursViewSet
from sessions.api.sessions import SessionViewSet
from sessions.api.waitlist import HoldViewSet, WaitlistViewSet

__all__ = [
    "ArchivablePatientViewSet",
    "AvailabilityViewSet",
    "CalendarFeedViewSet",
    "ClosureViewSet",
    "DeviceModelViewSet",
    "HoldViewSet",
    "LotViewSet",
    "MergeView",
    "OutcomeScaleViewSet",
    "OutcomeViewSet",
    "PhotoViewSet",
    "PlanViewSet",
    "ProductViewSet",
    "ProtocolViewSet",
    "RetirableConcernViewSet",
    "RetirableDeviceViewSet",
    "RetirablePractitionerViewSet",
    "RetirableRoomViewSet",
    "SessionViewSet",
    "SideEffectViewSet",
    "TimeOffViewSet",
    "WaitlistViewSet",
    "WorkingHoursViewSet",
    "ZoneViewSet",
    "calendar_file",
]
