"""How each kind of thing ends that may have bookings ahead."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import models

from clinic.models import Device, DeviceModel, Room, User
from patients.models import Concern, Patient
from sessions import services
from sessions.lifecycle import PlanStatus
from sessions.models import Protocol, TreatmentPlan
from sessions.services.ending.decisions import Decider
from tests.conftest import Booking
from tests.factories import DAY, NINE

AT = NINE - 2 * DAY

# How each kind of thing ends.
ENDS: dict[type[models.Model], Callable[[Booking, Decider], Any]] = {
    Room: lambda booking, decider: services.retire(row=booking.room, decider=decider),
    Device: lambda booking, decider: services.retire(row=booking.device, decider=decider),
    DeviceModel: lambda booking, decider: services.retire(
        row=booking.device.model, decider=decider
    ),
    Protocol: lambda booking, decider: services.retire(row=booking.plan.protocol, decider=decider),
    Concern: lambda booking, decider: services.retire(row=booking.plan.concern, decider=decider),
    User: lambda booking, decider: services.retire(row=booking.practitioner, decider=decider),
    TreatmentPlan: lambda booking, decider: services.move_plan(
        plan_id=booking.plan.pk, to=PlanStatus.STOPPED, decider=decider
    ),
    Patient: lambda booking, decider: services.archive_patient(
        patient_id=booking.plan.patient.pk, decider=decider
    ),
}


def decider(by: User, *, rest: str = "", **decisions: Any) -> Decider:
    chosen = {UUID(pk.replace("_", "-")): decision for pk, decision in decisions.items()}
    return Decider(at=AT, by=by, rest=rest, decisions=chosen, reason="The roof leaks")


def row_of(booking: Booking, model: type[models.Model]) -> Any:
    rows = [
        *(booking.room, booking.device, booking.device.model, booking.plan.protocol),
        *(booking.plan.concern, booking.practitioner, booking.plan.patient, booking.plan),
    ]
    [row] = [row for row in rows if type(row) is model]
    row.refresh_from_db()
    return row


def url(row: Any, page: str) -> str:
    plurals = {
        Room: "rooms",
        Device: "devices",
        DeviceModel: "device-models",
        Protocol: "protocols",
        Concern: "concerns",
        User: "practitioners",
        Patient: "patients",
    }
    return f"/api/v1/{plurals[type(row)]}/{row.pk}/{page}/"
