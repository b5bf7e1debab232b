"""Registering a new person, with their word on being written to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import NotAllowed
from clinic.models import Clinic, User
from patients.models import Patient
from patients.services.contact import NoAddress, record_contact_consent
from patients.services.records import assessed


class ContactWord(TypedDict):
    channel: str
    purpose: str
    granted: bool
    wording: str


class ContactConsentNotYours(NotAllowed):
    code = "contact_consent_not_yours"
    title = gettext_noop("The desk asks whether we may write")


@retried_transaction
def register_patient(
    *,
    clinic: Clinic,
    details: Mapping[str, Any],
    at: datetime,
    by: User,
    contact_consents: Sequence[ContactWord] = (),
) -> Patient:
    """Record a new person, and what they said on being written to; a `skin_type` among the details
    is an assessment of today.

    Raises ValidationError, by field, for what the record cannot hold, SkinTypeNotYours,
    ContactConsentNotYours, NoAddress.
    """
    details = dict(details)
    skin_type = details.pop("skin_type", None)
    patient = Patient(clinic=clinic, **details)
    patient.full_clean()
    patient.save()
    if contact_consents and not by.has_perm("patients.add_contactconsent"):
        raise ContactConsentNotYours(gettext("Leave it to the desk."), field="contact_consents")
    for place, word in enumerate(contact_consents):
        try:
            record_contact_consent(patient_id=patient.pk, **word, at=at, by=by)
        except NoAddress as error:
            field = f"contact_consents/{place}/{error.field}"
            raise NoAddress(error.message, field=field) from error
    return assessed(patient, skin_type, at=at, by=by)
