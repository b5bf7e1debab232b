"""An erasure: one person asks for it, another confirms it, and what had to stay is known before."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from aftercare.records.erasure.erase import erase
from aftercare.records.erasure.journal import complete_journal
from aftercare.records.export.tables import same_person
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, NotAllowed
from clinic.models import User
from patients.models import Patient, PatientErasure
from patients.services.records import lock_patient, require_open
from sessions.models import TreatmentSession


class RecordInUse(Conflict):
    code = "record_in_use"
    title = gettext_noop("The record is in use")


class ErasureSettled(Conflict):
    code = "erasure_settled"
    title = gettext_noop("This was decided already")


class SamePerson(NotAllowed):
    code = "same_person"
    title = gettext_noop("Somebody else must confirm it")


def retained_until(patient: Patient) -> date | None:
    """The day on which the medical record need no more be kept: so many years after the last visit
    as the clinic says. None if there was no visit: then nothing has to stay."""
    visits = TreatmentSession.objects.filter(
        patient__in=same_person(patient), status__in=("COMPLETED", "ABORTED")
    )
    last = visits.order_by("-starts_at").values_list("starts_at", flat=True).first()
    if last is None:
        return None
    day = last.astimezone(patient.clinic.zone).date()
    year = day.year + patient.clinic.record_years
    try:
        return day.replace(year=year)
    except ValueError:  # the 29th of February
        return day.replace(year=year, month=3, day=1)


def keeps_record(patient: Patient, *, at: datetime) -> bool:
    until = retained_until(patient)
    return until is not None and timezone.localdate(at, patient.clinic.zone) < until


@retried_transaction
def ask_for_erasure(*, patient_id: UUID, reason: str, at: datetime, by: User) -> PatientErasure:
    """Nothing is erased yet. Raises RecordInUse, ErasureSettled if it was asked for already."""
    patient = _out_of_use(patient_id)
    if patient.erasures.filter(confirmed_at=None, withdrawn_at=None).exists():
        raise ErasureSettled(gettext("It is asked for already, and waits for somebody else."))
    return PatientErasure.objects.create(patient=patient, reason=reason, asked_at=at, asked_by=by)


@retried_transaction
def withdraw_erasure(*, erasure_id: UUID, at: datetime, by: User) -> PatientErasure:
    """Raises ErasureSettled."""
    erasure = _open(erasure_id)
    erasure.withdrawn_at = at
    erasure.save(update_fields=["withdrawn_at"])
    return erasure


@retried_transaction
def confirm_erasure(*, erasure_id: UUID, at: datetime, by: User) -> PatientErasure:
    """Erase, for good. Raises SamePerson, ErasureSettled, RecordInUse."""
    asked = PatientErasure.objects.get(pk=erasure_id)
    patient = _out_of_use(asked.patient_id)
    erasure = _open(erasure_id)
    if erasure.asked_by_id == by.pk:
        raise SamePerson(gettext("You have asked for it yourself."))
    erasure.keeps_record = keeps_record(patient, at=at)
    erasure.confirmed_at, erasure.confirmed_by = at, by
    erasure.save(update_fields=["keeps_record", "confirmed_at", "confirmed_by"])
    erase(patient, keeps_record=erasure.keeps_record, at=at)
    transaction.on_commit(complete_journal)
    return erasure


def _out_of_use(patient_id: UUID) -> Patient:
    """The record behind the locks that a booking takes, so that neither passes the other. Raises
    PatientArchived of one that was merged into another, RecordInUse."""
    lock(f"patient:{patient_id}")
    patient = lock_patient(patient_id)
    if patient.merged_into_id:
        require_open(patient)
    if not patient.archived_at:
        raise RecordInUse(gettext("Archive the record first: then nothing lies ahead of it."))
    return patient


def _open(erasure_id: UUID) -> PatientErasure:
    erasure = PatientErasure.objects.select_for_update(of=("self",)).get(pk=erasure_id)
    if erasure.confirmed_at or erasure.withdrawn_at:
        raise ErasureSettled(gettext("It was confirmed or withdrawn meanwhile."))
    return erasure
