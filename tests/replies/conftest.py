from typing import Any

import pytest

from aftercare.models import Message
from bench.rules.triage import SHIPPED
from clinic.catalogue import read
from clinic.models import Clinic
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TriageVersion
from tests.factories import DAY, PatientFactory, TriageVersionFactory, this_hour
from tests.replies.pages import make
from tests.replies.provider import SECRET, TWILIO
from tests.replies.sms import NUMBER
from tests.support.kept import kept

RULES = read(SHIPPED)[-1]


@pytest.fixture
def message() -> Message:
    """Tells of an appointment in two days."""
    return make(this_hour() + 2 * DAY, Status.BOOKED)


@kept
def grace(clinic: Clinic) -> Patient:
    return PatientFactory(clinic=clinic, mobile=NUMBER)


@kept
def triage_rules(db: None) -> TriageVersion:
    """The rules that the product ships, as a draft."""
    rules: TriageVersion = TriageVersionFactory(
        **{name: RULES[name] for name in ("rules", "curves", "words")}
    )
    return rules


@pytest.fixture
def secrets(settings: Any) -> None:
    settings.SMS_WEBHOOK_SECRET = SECRET
    settings.TWILIO_AUTH_TOKEN = TWILIO
    settings.PUBLIC_URL = "https://clinic.example"
