"""Catalogues, plans, free times, sessions, holds, charts, healing, photos and lots, over HTTP."""

from sessions.api.booking.availability import AvailabilityViewSet
from sessions.api.booking.schedule import ClosureViewSet, TimeOffViewSet, WorkingHoursViewSet
from sessions.api.booking.sessions import SessionViewSet
from sessions.api.booking.waitlist import HoldViewSet, WaitlistViewSet
from sessions.api.calendar_feed import CalendarFeedViewSet, calendar_file
from sessions.api.catalogue import (
    DeviceModelViewSet,
    OutcomeScaleViewSet,
    ProductViewSet,
    ProtocolViewSet,
    ZoneViewSet,
)
from sessions.api.figures.views import FigureViewSet
from sessions.api.plans import PlanViewSet
from sessions.api.record.candidacies import CandidacyViewSet
from sessions.api.record.check_ins import CheckInViewSet
from sessions.api.record.exposures import ExposureViewSet
from sessions.api.record.healing import OutcomeViewSet, SideEffectViewSet
from sessions.api.record.lots import LotViewSet
from sessions.api.record.photos import PhotoViewSet
from sessions.api.record.reporting import IncidentReportViewSet
from sessions.api.retire import (
    ArchivablePatientViewSet,
    RetirableConcernViewSet,
    RetirableDeviceViewSet,
    RetirablePractitionerViewSet,
    RetirableRoomViewSet,
)
from sessions.api.visit_types import VisitTypeViewSet

__all__ = [
    "ArchivablePatientViewSet",
    "AvailabilityViewSet",
    "CalendarFeedViewSet",
    "CandidacyViewSet",
    "CheckInViewSet",
    "ClosureViewSet",
    "DeviceModelViewSet",
    "ExposureViewSet",
    "FigureViewSet",
    "HoldViewSet",
    "IncidentReportViewSet",
    "LotViewSet",
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
    "VisitTypeViewSet",
    "WaitlistViewSet",
    "WorkingHoursViewSet",
    "ZoneViewSet",
    "calendar_file",
]
