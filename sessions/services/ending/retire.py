"""Ending something that has bookings ahead: Note [What a change leaves behind] in `settling`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.models import User
from patients.models import Patient
from patients.services import archive_record, restore_record
from sessions.scheduling.ahead import Ahead, look_ahead
from sessions.services.ending.decisions import Decider, StillAhead
from sessions.services.ending.settle import carry_out_decisions
from sessions.signals import archived_or_restored


@retried_transaction
def retire(*, row: Any, decider: Decider) -> Ahead:
    """Put a room, device, device model, protocol, concern or member of staff out of use. Raises
    StillAhead, and what `settle` raises."""
    row = type(row)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    before = look_ahead(row, at=decider.at)
    row.is_active = False
    row.save(update_fields=["is_active"])
    return carry_out_decisions(row, before, decider=decider)


@retried_transaction
def archive_patient(*, patient_id: UUID, decider: Decider) -> Patient:
    """Take a record out of use; nothing is deleted. What waits for the patient is withdrawn, and
    planned again if the record is restored. Raises PatientArchived, StillAhead, and what `settle`
    raises."""
    lock(f"patient:{patient_id}")  # before the row, for which a booking that holds it would wait
    patient = Patient.objects.select_related("clinic").get(pk=patient_id)
    before = look_ahead(patient, at=decider.at)
    patient = archive_record(patient_id=patient_id, at=decider.at, by=decider.by)
    carry_out_decisions(patient, before, decider=decider)
    archived_or_restored.send(Patient, patient=patient, at=decider.at)
    return patient


@retried_transaction
def restore_patient(*, patient_id: UUID, at: datetime, by: User) -> Patient:
    """Take an archived record back into use. Raises NotArchived, also for a merged one."""
    patient = restore_record(patient_id=patient_id, at=at, by=by)
    archived_or_restored.send(Patient, patient=patient, at=at)
    return patient


def preview(end: Callable[[Decider], Any], *, at: datetime, by: User) -> StillAhead | None:
    """What lies ahead of something, and where its sessions could go, if `end` were called; None if
    nothing does. It is called and taken back."""
    try:
        with transaction.atomic():
            end(Decider(at=at, by=by))
            transaction.set_rollback(True)
    except StillAhead as ahead:
        return ahead
    return None
