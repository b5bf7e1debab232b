"""A patient's word on being written to."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User
from patients.models import ContactConsent, Patient
from patients.services.records import lock_open_record, require_open


class NoAddress(Conflict):
    code = "no_address"
    title = gettext_noop("There is no address for this channel")


def lock_name(patient_id: UUID) -> str:
    """The name for `db.locks`: held shared while a message to the patient goes out, and alone
    by whoever records the patient's word, so nothing follows after a withdrawal was answered."""
    return f"patients.contact:{patient_id}"


@retried_transaction
def choose_language(*, patient_id: UUID, language: str, at: datetime, by: User | None) -> Patient:
    """Change the language that a patient reads; `by` nobody if it is the patient. Raises
    PatientArchived, or ValidationError by field."""
    patient = lock_open_record(patient_id)
    if patient.language != language:
        patient.language = language
        patient.full_clean()
        patient.save()
    return patient


@retried_transaction
def record_contact_consent(
    *,
    patient_id: UUID,
    channel: str,
    purpose: str,
    granted: bool,
    wording: str,
    at: datetime,
    by: User | None,
) -> ContactConsent:
    """Add the patient's word on one channel and purpose to the ledger.

    Raises NoAddress if the patient agrees to a channel that we have no address for, and
    PatientArchived if they agree in a record that is out of use; a no is always taken.
    """
    lock(lock_name(patient_id))
    patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient_id)
    if granted:  # a no is taken always
        require_open(patient)
    if granted and not (patient.email if channel == "EMAIL" else patient.mobile):
        missing = gettext("e-mail address") if channel == "EMAIL" else gettext("mobile number")
        raise NoAddress(
            gettext("The patient has no {missing}: record it first.").format(missing=missing),
            field="channel",
        )
    return ContactConsent.objects.create(
        patient=patient,
        channel=channel,
        purpose=purpose,
        granted=granted,
        wording=wording,
        recorded_at=at,
        recorded_by=by,
    )
