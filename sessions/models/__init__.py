"""What is treated, by which protocol, in which sessions, and what was done in each."""

from sessions.models.catalogue import MAX_DEPTH_MM, MIN_DEPTH_MM, Area, Protocol, Zone
from sessions.models.session import (
    IllegalMove,
    SessionEvent,
    TreatmentPlan,
    TreatmentSession,
    TreatmentSessionQuerySet,
)
from sessions.models.treatment import MAX_PASSES, Endpoint, ZoneTreatment

__all__ = [
    "MAX_DEPTH_MM",
    "MAX_PASSES",
    "MIN_DEPTH_MM",
    "Area",
    "Endpoint",
    "IllegalMove",
    "Protocol",
    "SessionEvent",
    "TreatmentPlan",
    "TreatmentSession",
    "TreatmentSessionQuerySet",
    "Zone",
    "ZoneTreatment",
]
