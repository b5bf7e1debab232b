"""What belongs to a patient: skin type, concerns, screening, consents, duplicates, merging."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Clinic
from patients.models import Patient, PhotoConsent, Screening, TreatmentConsent
from tests.conftest import AS_IT_IS, Booking
from tests.factories import (
    ConcernFactory,
    ConcernSubtypeFactory,
    ConsentClauseFactory,
    ConsentTextFactory,
    DeviceModelFactory,
    PatientFactory,
    ScreeningRuleFactory,
    ZoneFactory,
    clinical_rules,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def patient(clinic: Clinic) -> Patient:
    clinical_rules()
    return PatientFactory(clinic=clinic)


def url(patient: Patient, page: str) -> str:
    return f"/api/v1/patients/{patient.pk}/{page}/"


def test_skin_types_are_assessed_again_and_all_are_kept(
    as_alice: APIClient, patient: Patient
) -> None:
    for skin_type, day in ((4, "2026-03-01"), (3, "2025-01-01"), (5, "2026-04-01")):
        body = {"skin_type": skin_type, "assessed_on": day}
        assert as_alice.post(url(patient, "skin-types"), body).status_code == 201

    history = as_alice.get(url(patient, "skin-types")).json()["results"]
    assert [row["skin_type"] for row in history] == [5, 4, 3]
    patient.refresh_from_db()
    assert patient.skin_type == 5  # the newest by date, not by typing


def test_the_medical_history_is_for_clinicians(
    as_alice: APIClient, as_dana: APIClient, patient: Patient
) -> None:
    changed = as_alice.patch(
        url(patient, "medical"),
        {"allergies": "Nickel", "cold_sore_history": True},
        headers=AS_IT_IS,
    )

    assert changed.status_code == 200
    assert changed.json()["allergies"] == "Nickel"
    assert as_dana.get(url(patient, "medical")).status_code == 403
    seen = as_dana.get(f"/api/v1/patients/{patient.pk}/").json()
    assert not {"allergies", "notes", "keloid_history", "cold_sore_history"} & set(seen)


def test_concerns_name_their_form_and_where(as_alice: APIClient, patient: Patient) -> None:
    subtype = ConcernSubtypeFactory(advice="Expect a poor response.")
    zone = ZoneFactory()
    body = {"concern": subtype.concern.code, "subtype": subtype.code, "zone": zone.code}

    recorded = as_alice.post(url(patient, "concerns"), {**body, "baseline_grade": 3})
    twice = as_alice.post(url(patient, "concerns"), body)
    foreign = as_alice.post(url(patient, "concerns"), {**body, "concern": ConcernFactory().code})
    graded = as_alice.post(url(patient, "concerns"), {**body, "baseline_grade": 5})

    assert recorded.status_code == 201
    assert recorded.json()["advice"] == "Expect a poor response."
    assert (twice.status_code, twice.json()["code"]) == (409, "concern_known")
    assert (foreign.status_code, foreign.json()["code"]) == (422, "wrong_subtype")
    assert graded.status_code == 400


def screening(**changes: Any) -> dict[str, Any]:
    body = {"answers": [], "good_health": True, "expectations_discussed": True}
    return {**body, **changes}


def test_a_full_screening_answers_every_question(as_alice: APIClient, patient: Patient) -> None:
    ScreeningRuleFactory(code="ill")
    ScreeningRuleFactory(code="peel", asks_last_exposure=True, washout_days=21)
    ill = {"rule": "ill", "answer": False}

    missing = as_alice.post(url(patient, "screenings"), screening(answers=[ill]))
    undated = as_alice.post(
        url(patient, "screenings"), screening(answers=[ill, {"rule": "peel", "answer": True}])
    )
    peel = {"rule": "peel", "answer": True, "last_exposure_on": "2026-01-01"}
    taken = as_alice.post(url(patient, "screenings"), screening(answers=[ill, peel]))

    assert (missing.status_code, missing.json()["code"]) == (422, "answers_missing")
    assert "peel" in missing.json()["detail"]
    assert undated.json()["errors"][0]["pointer"] == "/answers/1/last_exposure_on"
    assert taken.status_code == 201
    assert taken.json()["kind"] == "FULL"
    assert Screening.objects.get().answers.count() == 2


@pytest.mark.parametrize(
    ("answer", "pointer"),
    [
        ({"rule": "unknown", "answer": True}, "/answers/1/rule"),
        ({"rule": "ill", "answer": True}, "/answers/1/rule"),
        (
            {"rule": "peel", "answer": False, "last_exposure_on": "2026-01-01"},
            "/answers/1/last_exposure_on",
        ),
        (
            {"rule": "peel", "answer": True, "last_exposure_on": "2999-01-01"},
            "/answers/1/last_exposure_on",
        ),
        (
            {
                "rule": "peel",
                "answer": True,
                "last_exposure_on": "2026-01-01",
                "zones": ["elbow"],
            },
            "/answers/1/zones",
        ),
        ({"rule": "peel"}, "/answers/1/answer"),
        ({"rule": "peel", "answer": "perhaps"}, "/answers/1/answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(
    as_alice: APIClient, patient: Patient, answer: dict[str, Any], pointer: str
) -> None:
    ScreeningRuleFactory(code="ill")
    ScreeningRuleFactory(code="peel", asks_last_exposure=True, washout_days=21)
    answers = [{"rule": "ill", "answer": False}, answer]

    refused = as_alice.post(url(patient, "screenings"), screening(answers=answers))

    assert refused.status_code in (400, 422)
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert not Screening.objects.exists()


def test_a_rescreening_asks_what_may_have_changed_and_carries_over_the_rest(
    as_alice: APIClient, patient: Patient
) -> None:
    ScreeningRuleFactory(code="ill", ask_again=True)
    ScreeningRuleFactory(code="keloid")
    first = screening(answers=[{"rule": "ill", "answer": True}, {"rule": "keloid", "answer": True}])
    early = as_alice.post(url(patient, "screenings"), screening(kind="RESCREEN"))
    as_alice.post(url(patient, "screenings"), first)

    silent = as_alice.post(url(patient, "screenings"), screening(kind="RESCREEN"))
    asked = as_alice.post(
        url(patient, "screenings"),
        screening(kind="RESCREEN", answers=[{"rule": "ill", "answer": False}]),
    )

    assert (early.status_code, early.json()["code"]) == (409, "nothing_to_rescreen")
    assert silent.json()["code"] == "answers_missing"
    given = {row["rule"]: row["answer"] for row in asked.json()["answers"]}
    assert given == {"ill": False, "keloid": True}
    newest, oldest = as_alice.get(url(patient, "screenings")).json()["results"]
    assert newest["based_on"] == oldest["id"]
    assert newest["valid_until"] == oldest["valid_until"]


def test_a_question_that_has_changed_is_asked_again(as_alice: APIClient, patient: Patient) -> None:
    ScreeningRuleFactory(code="keloid")
    as_alice.post(
        url(patient, "screenings"), screening(answers=[{"rule": "keloid", "answer": False}])
    )
    ScreeningRuleFactory(code="keloid", version=2, question="Or thick scars?")

    refused = as_alice.post(url(patient, "screenings"), screening(kind="RESCREEN"))

    assert refused.json()["code"] == "answers_missing"


@pytest.fixture
def consent_body(patient: Patient) -> dict[str, Any]:
    clause = ConsentClauseFactory(code="risks", is_required=True)
    ConsentClauseFactory(text=clause.text)
    DeviceModelFactory()
    return {
        "text": str(clause.text.pk),
        "clauses": ["risks"],
        "zones": [ZoneFactory().code],
        "device_models": ["skinpen"],
        "signer_name": "Grace Hopper",
    }


def test_a_consent_proves_its_words_and_never_changes(
    as_alice: APIClient, patient: Patient, consent_body: dict[str, Any]
) -> None:
    signed = as_alice.post(url(patient, "consents"), consent_body)

    assert signed.status_code == 201
    consent = TreatmentConsent.objects.get()
    assert consent.text_sha256 == consent.text.sha256
    assert len(consent.text_sha256) == 64
    assert consent.expires_on == timezone.localdate(timezone=patient.clinic.zone) + timedelta(365)
    for change in ({"clauses": ["risks", "off-label"]}, {"signer_name": "Eve"}):
        with pytest.raises(DatabaseError, match="signed_for_good"), transaction.atomic():
            TreatmentConsent.objects.update(**change)
    with pytest.raises(DatabaseError, match="never_deleted"), transaction.atomic():
        TreatmentConsent.objects.all()._raw_delete("default")


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"clauses": []}, "clause_missing", "/clauses"),
        ({"clauses": ["risks", "free-beer"]}, "unknown_code", "/clauses"),
        ({"zones": ["elbow"]}, "unknown_code", "/zones"),
        ({"device_models": ["spoon"]}, "unknown_code", "/device_models"),
    ],
)
def test_an_incomplete_consent_is_named(
    as_alice: APIClient,
    patient: Patient,
    consent_body: dict[str, Any],
    change: dict[str, Any],
    code: str,
    pointer: str,
) -> None:
    answer = as_alice.post(url(patient, "consents"), {**consent_body, **change})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not TreatmentConsent.objects.exists()


def test_only_the_current_text_is_signed(
    as_alice: APIClient, patient: Patient, consent_body: dict[str, Any]
) -> None:
    ConsentTextFactory(version=2)

    answer = as_alice.post(url(patient, "consents"), consent_body)

    assert (answer.status_code, answer.json()["code"]) == (409, "text_outdated")


def test_a_consent_is_revoked_once_and_for_good(
    as_alice: APIClient, patient: Patient, consent_body: dict[str, Any]
) -> None:
    consent = as_alice.post(url(patient, "consents"), consent_body).json()["id"]
    revoke = f"/api/v1/consents/{consent}/revoke/"

    unexplained = as_alice.post(revoke, {})
    revoked = as_alice.post(revoke, {"reason": "Changed her mind"})
    again = as_alice.post(revoke, {"reason": "Again"})

    assert unexplained.status_code == 400
    assert revoked.json()["revoke_reason"] == "Changed her mind"
    assert again.json()["code"] == "already_revoked"
    with pytest.raises(DatabaseError, match="revoked_for_good"), transaction.atomic():
        TreatmentConsent.objects.update(revoked_at=None, revoke_reason="")


def test_photo_consents_are_one_for_each_purpose(as_alice: APIClient, patient: Patient) -> None:
    text = ConsentTextFactory(kind="PHOTO")
    body = {"text": str(text.pk), "signer_name": "Grace Hopper"}
    for scope in ("CLINICAL", "TEACHING"):
        signed = as_alice.post(url(patient, "photo-consents"), {**body, "scope": scope})
        assert signed.status_code == 201
    teaching = PhotoConsent.objects.get(scope="TEACHING")

    as_alice.post(f"/api/v1/photo-consents/{teaching.pk}/revoke/", {"reason": "Not me"})

    valid = PhotoConsent.objects.valid(timezone.localdate())
    assert [consent.scope for consent in valid] == ["CLINICAL"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"mobile": "+4915123456789"}, True),
        ({"email": "GRACE@patients.example"}, True),
        ({"given_name": "Grayce", "family_name": "Hoper"}, True),
        ({"given_name": "Grayce", "family_name": "Hoper", "date_of_birth": "1950-01-01"}, False),
        ({"given_name": "Eve", "family_name": "Moss"}, False),
    ],
)
def test_possible_duplicates_are_found(
    as_dana: APIClient, clinic: Clinic, change: dict[str, Any], found: bool
) -> None:
    patient = PatientFactory(
        clinic=clinic,
        family_name="Hopper",
        email="grace@patients.example",
        mobile="+4915123456789",
    )
    other = {"given_name": "Ann", "family_name": "Other", "email": "", "mobile": ""}
    duplicate = PatientFactory(clinic=clinic, **{**other, **change})
    PatientFactory(given_name="Grace", family_name="Hopper", mobile="+4915123456789")  # elsewhere

    answer = as_dana.get(url(patient, "duplicates")).json()

    assert [row["id"] for row in answer] == ([str(duplicate.pk)] if found else [])


def test_archiving_keeps_everything_and_can_be_undone(as_dana: APIClient, booking: Booking) -> None:
    patient = booking.plan.patient

    archived = as_dana.post(url(patient, "archive"))
    twice = as_dana.post(url(patient, "archive"))
    edited = as_dana.patch(
        f"/api/v1/patients/{patient.pk}/", {"given_name": "X"}, HTTP_IF_MATCH=archived["ETag"]
    )
    restored = as_dana.post(url(patient, "restore"))

    assert archived.json()["archived_at"]
    assert {twice.json()["code"], edited.json()["code"]} == {"patient_archived"}
    assert restored.json()["archived_at"] is None
    assert as_dana.delete(f"/api/v1/patients/{patient.pk}/").status_code == 405
