"""What a consultation must have: a list that says what is there and what is to be done."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from patients.models import Patient
from sessions.safety.consultation import consultation_items
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    NINE,
    CandidacyFactory,
    ConsentHandoutFactory,
    ConsentTextFactory,
    PatientConcernFactory,
    PatientFactory,
    PhotoConsentFactory,
    PhotoFactory,
    ScreeningFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
EVERYTHING = [
    *("birth_date", "concerns", "skin_type", "screening", "expectations", "other_treatments"),
    *("photos", "consent_to_read", "outcome"),
]


@kept
def caller(clinic: Clinic) -> Patient:
    """Who has called, and has not been seen."""
    return PatientFactory(clinic=clinic, date_of_birth=None, skin_type=None)


def there(patient: Patient) -> dict[str, str]:
    """What is there, by code."""
    items = consultation_items(Patient.objects.get(pk=patient.pk), at=NINE)
    return {item.code: item.detail for item in items if item.is_there}


def seen(patient: Patient) -> None:
    """All of it was asked, taken and decided."""
    Patient.objects.filter(pk=patient.pk).update(date_of_birth=NINE.date(), skin_type=2)
    PatientConcernFactory(patient=patient, baseline_grade=3)
    ScreeningFactory(patient=patient)
    PhotoFactory(patient=patient)
    ConsentHandoutFactory(patient=patient)
    said = {"expectations": "Softer scars", "other_treatments": "None"}
    CandidacyFactory(patient=patient, **said)


def test_of_a_caller_nothing_is_there_and_of_a_candidate_everything(caller: Patient) -> None:
    assert [item.code for item in consultation_items(caller, at=NINE)] == EVERYTHING
    assert there(caller) == {}

    seen(caller)

    assert list(there(caller)) == EVERYTHING
    assert there(caller)["outcome"] == "Candidate"


def test_what_is_half_there_says_what_is_missing(caller: Patient) -> None:
    PatientConcernFactory(patient=caller, baseline_grade=3)
    ungraded = PatientConcernFactory(patient=caller)
    ScreeningFactory(patient=caller, valid_until=NINE.date() - DAY)
    ConsentHandoutFactory(patient=caller, text=ConsentTextFactory())
    ConsentTextFactory(version=2)  # what was read is not what would be signed
    PhotoConsentFactory(patient=caller)

    missing = {item.code: item.detail for item in consultation_items(caller, at=NINE)}

    assert there(caller) == {}
    assert missing["concerns"] == f"Grade, 1 to 4: {ungraded}."
    assert "6 Jan 2030" in missing["screening"]
    assert missing["photos"] == "Take them."
    assert missing["consent_to_read"] == "Give the text to read."


def test_a_screening_holds_on_its_last_day(caller: Patient) -> None:
    ScreeningFactory(patient=caller, valid_until=NINE.date())

    assert "screening" in there(caller)


def test_what_was_written_down_earlier_is_not_lost(caller: Patient) -> None:
    CandidacyFactory(patient=caller, expectations="Softer scars", decided_at=NINE - 90 * DAY)
    CandidacyFactory(patient=caller)

    assert there(caller)["expectations"] == "Softer scars"


def test_clinicians_read_it_and_the_desk_does_not(
    as_alice: APIClient, as_dana: APIClient, as_bob: APIClient, caller: Patient
) -> None:
    url = f"/api/v1/patients/{caller.pk}/consultation/"

    assert [row["code"] for row in as_alice.get(url).json()] == EVERYTHING
    assert (as_dana.get(url).status_code, as_bob.get(url).status_code) == (403, 404)


def test_the_list_asks_as_often_however_much_there_is(
    caller: Patient, django_assert_num_queries: Any
) -> None:
    seen(caller)
    patient = Patient.objects.select_related("clinic").get(pk=caller.pk)

    with django_assert_num_queries(6):
        consultation_items(patient, at=timezone.now())


def test_it_is_on_the_page_of_the_patient(alice: User, dana: User, caller: Patient) -> None:
    url = f"/admin/patients/patient/{caller.pk}/change/"

    shown = client_of(alice).get(url).content.decode()

    assert "Decide: candidate, not now or declined." in shown
    assert "Decide: candidate" not in client_of(dana).get(url).content.decode()
