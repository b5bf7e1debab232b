from typing import Any

import pytest

from aftercare.models import Message
from clinic.models import Clinic
from patients.models import Patient
from sessions.lifecycle import Status
from tests.factories import DAY, PatientFactory
from tests.replies.pages import TODAY, make
from tests.replies.provider import SECRET, TWILIO
from tests.replies.sms import NUMBER


@pytest.fixture
def message() -> Message:
    """Tells of an appointment in two days."""
    return make(TODAY + 2 * DAY, Status.BOOKED)


@pytest.fixture
def grace(clinic: Clinic) -> Patient:
    return PatientFactory(clinic=clinic, mobile=NUMBER)


@pytest.fixture
def secrets(settings: Any) -> None:
    settings.SMS_WEBHOOK_SECRET = SECRET
    settings.TWILIO_AUTH_TOKEN = TWILIO
    settings.PUBLIC_URL = "https://clinic.example"
