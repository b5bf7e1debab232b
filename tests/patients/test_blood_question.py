"""HIV and hepatitis are asked about where blood products are handled, and nowhere else."""

import pytest

from clinic.models import Clinic, User
from patients.models import Condition, Patient, ScreeningAnswer
from patients.services import questionnaire, record_screening
from patients.services.screening import AnswersMissing
from tests.factories import NINE, PatientFactory, ScreeningRuleFactory, clinical_rules
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def patient(clinic: Clinic) -> Patient:
    clinical_rules()
    ScreeningRuleFactory(code="blood-borne", position=2, condition=Condition.BLOOD_HANDLED)
    ScreeningRuleFactory(code="pregnancy", position=1)
    made: Patient = PatientFactory(clinic=clinic)
    return made


def screen(patient: Patient, by: User, *said: str) -> list[str]:
    record_screening(
        patient_id=patient.pk,
        kind="FULL",
        answers=[{"rule": code, "answer": True} for code in said],
        good_health=True,
        expectations_discussed=True,
        at=NINE,
        by=by,
    )
    return list(ScreeningAnswer.objects.values_list("rule__code", flat=True))


def test_who_handles_no_blood_neither_asks_nor_keeps_it(patient: Patient, alice: User) -> None:
    """Some program may ask all of the list all the same."""
    assert [rule.code for rule in questionnaire(NINE, patient.clinic)] == ["pregnancy"]
    assert screen(patient, alice, "pregnancy", "blood-borne") == ["pregnancy"]


def test_who_handles_blood_must_ask(patient: Patient, alice: User) -> None:
    Clinic.objects.update(handles_blood=True)
    patient.clinic.refresh_from_db()

    assert len(questionnaire(NINE, patient.clinic)) == 2
    with pytest.raises(AnswersMissing, match="blood borne"):
        screen(patient, alice, "pregnancy")
    assert len(screen(patient, alice, "pregnancy", "blood-borne")) == 2
