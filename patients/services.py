"""Everything that can happen to a patient's record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from clinic.errors import Conflict, VersionMismatch
from clinic.models import Clinic, User
from patients.models import ContactConsent, Patient


class PatientArchived(Conflict):
    code = "patient_archived"
    title = "The patient's record is archived"


class NoAddress(Conflict):
    code = "no_address"
    title = "There is no address for this channel"


@transaction.atomic
def register_patient(*, clinic: Clinic, details: Mapping[str, Any]) -> Patient:
    """Record a new person. Raises ValidationError, by field, for what the record cannot hold."""
    patient = Patient(clinic=clinic, **details)
    patient.full_clean()
    patient.save()
    return patient


@transaction.atomic
def update_patient(*, patient_id: Any, version: int, changes: Mapping[str, Any]) -> Patient:
    """Change a record that nobody else has changed since `version` was read.

    Raises VersionMismatch if somebody has, PatientArchived, or ValidationError by field.
    """
    patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient_id)
    if patient.version != version:
        raise VersionMismatch(
            "Somebody has changed this patient since you read it: read it again, then repeat."
        )
    if patient.archived_at:
        raise PatientArchived("This record is archived and cannot be changed.")
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.full_clean()
    patient.save()
    return patient


@transaction.atomic
def record_contact_consent(
    *,
    patient_id: Any,
    channel: str,
    purpose: str,
    granted: bool,
    wording: str,
    at: datetime,
    by: User | None,
) -> ContactConsent:
    """Add the patient's word on one channel and purpose to the ledger.

    Raises NoAddress if the patient agrees to a channel that we have no address for.
    """
    patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient_id)
    if granted and not (patient.email if channel == "EMAIL" else patient.mobile):
        missing = "e-mail address" if channel == "EMAIL" else "mobile number"
        raise NoAddress(f"The patient has no {missing}: record it first.", field="channel")
    return ContactConsent.objects.create(
        patient=patient,
        channel=channel,
        purpose=purpose,
        granted=granted,
        wording=wording,
        recorded_at=at,
        recorded_by=by,
    )
