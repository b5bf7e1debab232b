from pathlib import Path
from typing import Any

import pytest

from clinic.models import User
from patients.models import Patient
from tests.factories import PatientFactory
from tests.support.kept import kept
from tests.support.pictures import agree


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@kept
def patient(alice: User) -> Patient:
    """Grace, a patient of Alice's, who agrees to photographs."""
    patient: Patient = PatientFactory(clinic=alice.clinics.get())
    agree(patient, alice)
    return patient
