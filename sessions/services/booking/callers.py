"""Registering a new caller and booking their first visit, both or neither."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from clinic.db.retries import retried_transaction
from clinic.models import User
from patients.models import Patient, Purpose
from patients.services import ContactWord, record_contact_consent, register_patient
from sessions.models import TreatmentSession, VisitType
from sessions.services.booking.visits import book_visit


@retried_transaction
def book_caller(
    *,
    visit_type: VisitType,
    starts_at: datetime,
    practitioner: User,
    at: datetime,
    by: User,
    details: Mapping[str, Any] | None = None,
    patient: Patient | None = None,
    channels: Sequence[str] = (),
    wording: str = "",
    video_url: str = "",
) -> TreatmentSession:
    """Open a record with these `details`, or take the `patient` who has one already; write down on
    which channels they let us write about appointments; and book the visit in a room that is free.

    Raises what `register_patient`, `record_contact_consent` and `book_visit` raise.
    """
    words: list[ContactWord] = [
        {"channel": channel, "purpose": Purpose.CARE, "granted": True, "wording": wording}
        for channel in channels
    ]
    if patient is None:
        patient = register_patient(
            clinic=visit_type.clinic,
            details=details or {},
            contact_consents=words,
            at=at,
            by=by,
        )
    else:
        for word in words:
            record_contact_consent(patient_id=patient.pk, **word, at=at, by=by)
    return book_visit(
        visit_type=visit_type,
        patient=patient,
        starts_at=starts_at,
        practitioner=practitioner,
        any_room=True,
        video_url=video_url,
        at=at,
        by=by,
    )
