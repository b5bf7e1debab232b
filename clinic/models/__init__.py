"""The clinic itself: its sites, staff, rooms, devices and cartridges."""

from clinic.models.base import (
    ClinicScoped,
    M,
    Model,
    Versioned,
    VersionedQuerySet,
    append_only,
    keyed_with_clinic,
    known_time_zone,
    tracked,
    version_once,
)
from clinic.models.equipment import CartridgeLot, Device, DeviceModel, DeviceSpec, Modality
from clinic.models.rules import ClinicalRule
from clinic.models.site import Clinic, Heartbeat, OpeningHours, Room, Weekday
from clinic.models.staff import Role, User

__all__ = [
    "CartridgeLot",
    "Clinic",
    "ClinicScoped",
    "ClinicalRule",
    "Device",
    "DeviceModel",
    "DeviceSpec",
    "Heartbeat",
    "M",
    "Modality",
    "Model",
    "OpeningHours",
    "Role",
    "Room",
    "User",
    "Versioned",
    "VersionedQuerySet",
    "Weekday",
    "append_only",
    "keyed_with_clinic",
    "known_time_zone",
    "tracked",
    "version_once",
]
