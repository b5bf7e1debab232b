"""Two records of one person."""

from datetime import datetime
from typing import Any

from aftercare.records.merge import merge_patients
from clinic.models import Clinic, User
from patients.models import Patient, PatientMerge
from tests.conftest import Booking
from tests.factories import NINE, PatientFactory


def twins(clinic: Clinic, **theirs: Any) -> tuple[Patient, Patient]:
    """Two records of one person that say the same, apart from what is given."""
    same = {"family_name": "Hopper", "email": "grace@x.example", "mobile": "+4915123456789"}
    ours = {name: value[0] for name, value in theirs.items()}
    others = {name: value[1] for name, value in theirs.items()}
    kept = PatientFactory(clinic=clinic, **{**same, **ours})
    return kept, PatientFactory(clinic=clinic, **{**same, **others})


def make_twins(booking: Booking, another_booking: Booking) -> tuple[Patient, Patient]:
    """The patients of two bookings as one person."""
    kept, merged = booking.plan.patient, another_booking.plan.patient
    for name in ("family_name", "email", "mobile"):
        setattr(merged, name, getattr(kept, name))
    merged.save()
    return kept, merged


def merge(
    kept: Patient, merged: Patient, by: User, *, at: datetime = NINE, **choices: str
) -> PatientMerge:
    return merge_patients(
        kept_id=kept.pk, merged_id=merged.pk, reason="Typed twice", at=at, by=by, choices=choices
    )
