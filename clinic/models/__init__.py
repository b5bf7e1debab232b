"""The clinic itself: its sites, staff, rooms, devices and cartridges."""

from clinic.models.base import (
    ClinicScoped,
    Evidence,
    M,
    Model,
    Sourced,
    Versioned,
    VersionedQuerySet,
    append_only,
    by_clinic,
    clinic_field,
    clinic_of,
    key_with_clinic,
    known_time_zone,
    of_clinics,
    one_of,
    refuse,
    track_history,
    version_once,
    without_extension,
)
from clinic.models.calendar import CalendarFeed
from clinic.models.credentials import (
    LICENCES,
    PRESCRIBERS,
    PROOF_OF,
    Credential,
    CredentialKind,
)
from clinic.models.equipment import CartridgeLot, Device, DeviceModel, DeviceSpec, Modality
from clinic.models.idempotency import IdempotencyKey
from clinic.models.lifecycle import Event, Moves, Moving, in_words
from clinic.models.on_call import OnCallShift
from clinic.models.rules import ClinicalRule
from clinic.models.schedule import Closure, TimeOff, WorkingHours
from clinic.models.site import Clinic, Heartbeat, Jurisdiction, OpeningHours, Proof, Room, Weekday
from clinic.models.staff import Role, User

__all__ = [
    "LICENCES",
    "PRESCRIBERS",
    "PROOF_OF",
    "CalendarFeed",
    "CartridgeLot",
    "Clinic",
    "ClinicScoped",
    "ClinicalRule",
    "Closure",
    "Credential",
    "CredentialKind",
    "Device",
    "DeviceModel",
    "DeviceSpec",
    "Event",
    "Evidence",
    "Heartbeat",
    "IdempotencyKey",
    "Jurisdiction",
    "M",
    "Modality",
    "Model",
    "Moves",
    "Moving",
    "OnCallShift",
    "OpeningHours",
    "Proof",
    "Role",
    "Room",
    "Sourced",
    "TimeOff",
    "User",
    "Versioned",
    "VersionedQuerySet",
    "Weekday",
    "WorkingHours",
    "append_only",
    "by_clinic",
    "clinic_field",
    "clinic_of",
    "in_words",
    "key_with_clinic",
    "known_time_zone",
    "of_clinics",
    "one_of",
    "refuse",
    "track_history",
    "version_once",
    "without_extension",
]
