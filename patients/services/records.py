"""Patients' records: registering, changing, archiving, and what clinicians know of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.db.constraints import refusal_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError, NotAllowed
from clinic.models import User
from clinic.permissions import require_sight
from patients.models import (
    MEDICAL,
    Concern,
    ConcernSubtype,
    Patient,
    PatientConcern,
    SkinTypeAssessment,
    Zone,
)


class PatientArchived(Conflict):
    code = "patient_archived"
    title = gettext_noop("The patient's record is archived")


class NotArchived(Conflict):
    code = "not_archived"
    title = gettext_noop("The patient's record is not archived")


class SkinTypeNotYours(NotAllowed):
    code = "skin_type_not_yours"
    title = gettext_noop("Only a clinician assesses the skin type")


class WrongSubtype(DomainError):
    code = "wrong_subtype"
    title = gettext_noop("This form belongs to another concern")


class WrongZone(DomainError):
    code = "wrong_zone"
    title = gettext_noop("The concern does not occur there")


NEEDLED = _("Somebody who was needled has a birth date: correct it instead.")
MISFITS = {"subtype": WrongSubtype, "zone": WrongZone}


class ConcernKnown(Conflict):
    code = "concern_known"
    title = gettext_noop("This concern is recorded already")


def lock_patient(patient_id: UUID) -> Patient:
    return (
        Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=patient_id)
    )


def lock_open_record(patient_id: UUID) -> Patient:
    """The locked record. Raises PatientArchived."""
    patient = lock_patient(patient_id)
    require_open(patient)
    return patient


def require_open(patient: Patient, *, field: str = "") -> None:
    """Whoever writes to what belongs to a patient asks this first. Raises PatientArchived."""
    if patient.merged_into_id:
        raise PatientArchived(
            gettext("This record was merged into another one: go on there."),
            field=field,
            merged_into=str(patient.merged_into_id),
        )
    if patient.archived_at:
        raise PatientArchived(
            gettext("This record is archived and cannot be changed: restore it first."), field=field
        )


@retried_transaction
def update_patient(
    *, patient_id: UUID, changes: Mapping[str, Any], at: datetime, by: User
) -> Patient:
    """Change a record; that nobody else has changed it meanwhile, the caller has made sure of.

    Raises PatientArchived, SkinTypeNotYours, RecordClosed, or ValidationError by field.
    """
    patient = lock_open_record(patient_id)
    changes = dict(changes)
    if MEDICAL & changes.keys():
        require_sight(by, patient_id)
    skin_type = changes.pop("skin_type", None)
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.full_clean()
    with refusal_of("patient_birth_date_stays", ValidationError({"date_of_birth": NEEDLED})):
        patient.save()
    return assessed(patient, skin_type, at=at, by=by)


def assessed(patient: Patient, skin_type: int | None, *, at: datetime, by: User) -> Patient:
    """The patient with a skin type that was sent among the details, as of today."""
    if skin_type is None:
        return patient
    if not by.has_perm("patients.change_medical"):
        raise SkinTypeNotYours(gettext("Leave the skin type to a clinician."), field="skin_type")
    today = at.astimezone(patient.clinic.zone).date()
    assess_skin_type(patient_id=patient.pk, skin_type=skin_type, assessed_on=today, by=by, at=at)
    patient.refresh_from_db()
    return patient


@retried_transaction
def archive_record(*, patient_id: UUID, at: datetime, by: User) -> Patient:
    """Take a record out of use, whatever lies ahead of it: a step of
    `sessions.services.archive_patient`. Nothing is deleted. Raises PatientArchived."""
    patient = lock_open_record(patient_id)
    patient.archived_at = at
    patient.save(update_fields=["archived_at", "version", "updated_at"])
    return patient


@retried_transaction
def restore_record(*, patient_id: UUID, at: datetime, by: User) -> Patient:
    """Take an archived record back into use. Raises NotArchived, also for a merged one and for one
    that was erased."""
    patient = lock_patient(patient_id)
    if patient.erasures.filter(confirmed_at__isnull=False, keeps_record=False).exists():
        raise NotArchived(gettext("This record was erased, which cannot be taken back."))
    if not patient.archived_at or patient.merged_into_id:
        raise NotArchived(
            gettext("Only a record that is archived, and not merged, can be restored.")
        )
    patient.archived_at = None
    patient.save(update_fields=["archived_at", "version", "updated_at"])
    return patient


@retried_transaction
def assess_skin_type(
    *, patient_id: UUID, skin_type: int, assessed_on: date, at: datetime, by: User
) -> SkinTypeAssessment:
    """Record what a clinician takes the skin type for; earlier assessments are kept."""
    patient = lock_open_record(patient_id)
    require_sight(by, patient_id)
    assessment = SkinTypeAssessment.objects.create(
        patient=patient, skin_type=skin_type, assessed_by=by, assessed_on=assessed_on
    )
    newest = patient.skin_type_assessments.order_by("-assessed_on", "-id")[0]
    patient.skin_type = newest.skin_type
    patient.save(update_fields=["skin_type", "version", "updated_at"])
    return assessment


@retried_transaction
def record_concern(
    *,
    patient_id: UUID,
    concern: Concern,
    at: datetime,
    by: User,
    subtype: ConcernSubtype | None = None,
    zone: Zone | None = None,
    baseline_grade: int | None = None,
    onset_on: date | None = None,
    note: str = "",
) -> PatientConcern:
    """Record what the patient wants treated. Raises WrongSubtype, WrongZone, ConcernKnown."""
    patient = lock_open_record(patient_id)
    require_sight(by, patient_id)
    new = PatientConcern(
        patient=patient,
        concern=concern,
        subtype=subtype,
        zone=zone,
        baseline_grade=baseline_grade,
        onset_on=onset_on,
        note=note,
        created_at=at,
    )
    for field, why in new.misfits().items():
        raise MISFITS[field](why, field=field)
    if patient.concerns.filter(concern=concern, subtype=subtype, zone=zone).exists():
        raise ConcernKnown(gettext("It is recorded already for this zone."), field="concern")
    new.save(force_insert=True)
    return new


@retried_transaction
def change_concern(
    *, concern_id: UUID, changes: Mapping[str, Any], at: datetime, by: User
) -> PatientConcern:
    """Correct what the patient wants treated. Raises PatientArchived, or ValidationError."""
    of_patient = PatientConcern.objects.values_list("patient_id", flat=True).get(pk=concern_id)
    lock_open_record(of_patient)
    require_sight(by, of_patient)
    known = PatientConcern.objects.select_for_update(of=("self",)).get(pk=concern_id)
    for name, value in changes.items():
        setattr(known, name, value)
    known.full_clean()
    known.save()
    return known
