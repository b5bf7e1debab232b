"""Whom a recalled lot was used on: each of them is called, and none is forgotten."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef

from clinic.db.retries import retried_step
from clinic.models import CartridgeLot
from patients.models import Audience, Patient, StaffTask, TaskKind
from patients.services import raise_task
from sessions.services.record.healing.due import due_at
from sessions.triage import Level


@retried_step
def call_patients_of_lot(*, lot_id: UUID, at: datetime) -> int:
    """A task for the clinicians to call each patient of a recalled lot, once, also of an archived
    record; returns how many are new. The caller holds the lot's lock."""
    lot = CartridgeLot.objects.select_related("clinic").get(pk=lot_id)
    due = due_at(Level.AMBER, clinic=lot.clinic, at=at)
    patients = list(_not_told_of(lot))
    for patient in patients:
        used_at = patient.used_at.astimezone(lot.clinic.zone)
        raise_task(
            clinic=lot.clinic,
            patient=patient,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            severity=Level.AMBER.value,
            title=f"Call {patient}: a cartridge used on them was recalled",
            detail=f"Lot {lot.lot}, used last on {used_at:%d %b %Y}. "
            f"Reason of the recall: {lot.recall_reason}\nTell the patient what was recalled, ask "
            "how the skin is, and note what they said. What has gone wrong is a side effect.",
            source=f"{calls_of(lot.pk)}{patient.pk}",
            at=at,
            due_at=due,
        )
    return len(patients)


def calls_of(lot_id: UUID) -> str:
    """How the sources of the tasks of one lot begin."""
    return f"recall:{lot_id}:"


def _not_told_of(lot: CartridgeLot) -> Any:
    """With the last use. Found by the patient of the task, which a merge of records keeps true."""
    told = StaffTask.objects.filter(patient=OuterRef("pk"), source__startswith=calls_of(lot.pk))
    return (
        Patient.objects.filter(~Exists(told), sessions__cartridge_uses__lot=lot)
        .annotate(used_at=Max("sessions__starts_at"))
        .order_by("pk")
    )
