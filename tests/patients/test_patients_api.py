"""Patients and contact consents over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.planning.reach import reach_of
from clinic.models import Clinic
from patients.models import ContactConsent, Patient
from tests.factories import ContactConsentFactory, PatientFactory
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db
ADA = {
    "given_name": "Ada",
    "family_name": "Byron",
    "date_of_birth": "1990-12-10",
    "email": "ada@patients.example",
    "mobile": "+4915123456789",
}


def post(client: APIClient, **changes: Any) -> Any:
    return client.post("/api/v1/patients/", {**ADA, **changes}, format="json")


def test_the_desk_registers_a_patient(as_dana: APIClient, clinic: Any) -> None:
    answer = post(as_dana)

    assert answer.status_code == 201
    assert answer["ETag"] == as_dana.get(f"/api/v1/patients/{answer.json()['id']}/")["ETag"]
    patient = Patient.objects.get(pk=answer.json()["id"])
    assert patient.clinic == clinic
    assert patient.pk.version == 7
    assert answer.json()["mobile"] == "+4915123456789"
    assert answer.json()["language"] == "en"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", "x" * 81),
        ("given_name", "nul\x00"),
        ("given_name", None),
        ("given_name", {"first": "Ada"}),
        ("date_of_birth", "10.12.1990"),
        ("date_of_birth", "1990-02-30"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "1899-12-31"),
        ("email", "ada@"),
        ("mobile", "0151 234"),
        ("mobile", "+49"),
        ("language", "tlh"),
        ("time_zone", "Mars/Olympus"),
        ("skin_type", 0),
        ("skin_type", 7),
        ("sex", "ROBOT"),
        ("clinic", "no-uuid"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(
    as_dana: APIClient, field: str, value: object
) -> None:
    answer = post(as_dana, **{field: value})

    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "invalid"
    assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]
    assert Patient.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"text"', "[" * 100_000, '{"given_name": "\ud800"}', '{"a": 1e999}'],
)
def test_a_broken_body_is_a_400(as_dana: APIClient, body: str) -> None:
    raw: Any = body.encode("utf-8", "surrogatepass")

    answer = as_dana.generic("POST", "/api/v1/patients/", raw, "application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_huge_body_is_refused(as_dana: APIClient) -> None:
    answer = post(as_dana, given_name="x" * 2_000_000)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_change_needs_the_version_that_was_read(as_dana: APIClient) -> None:
    patient = post(as_dana).json()
    url = f"/api/v1/patients/{patient['id']}/"
    read = as_dana.get(url)

    blind = as_dana.patch(url, {"family_name": "Lovelace"}, format="json")
    first = as_dana.patch(
        url, {"family_name": "Lovelace"}, format="json", HTTP_IF_MATCH=read["ETag"]
    )
    late = as_dana.patch(url, {"family_name": "King"}, format="json", HTTP_IF_MATCH=read["ETag"])

    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
    assert (first.status_code, first["ETag"]) == (200, as_dana.get(url)["ETag"])
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    assert Patient.objects.get().family_name == "Lovelace"


def test_an_edit_in_the_admin_counts_as_a_change(as_dana: APIClient, clinic: Any) -> None:
    patient = PatientFactory(clinic=clinic)
    url = f"/api/v1/patients/{patient.pk}/"
    read = as_dana.get(url)

    patient.save()

    late = as_dana.patch(url, {"family_name": "King"}, format="json", HTTP_IF_MATCH=read["ETag"])
    assert late.status_code == 412


def test_what_has_not_changed_is_not_sent_again(as_dana: APIClient) -> None:
    url = f"/api/v1/patients/{post(as_dana).json()['id']}/"
    etag = as_dana.get(url)["ETag"]

    assert as_dana.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304


@pytest.mark.parametrize(
    "text",
    [
        "byr",
        "ADA byron",
        "byron ada",
        "ada@pat",
        "0151 234 567",
        "+49 151",
        "(0151) 2345-6789",
        "1990-12-10",
        "byron 1990-12-10",
    ],
)
def test_the_desk_finds_a_patient_by_what_the_patient_says(as_dana: APIClient, text: str) -> None:
    post(as_dana)
    post(as_dana, given_name="Eve", family_name="Moss", date_of_birth="1950-01-01",
         email="e@x.example", mobile="+4917698765432")  # fmt: skip

    found = as_dana.get("/api/v1/patients/", {"q": text}).json()["results"]

    assert [patient["given_name"] for patient in found] == ["Ada"]


def test_the_pages_of_a_search_follow_each_other(as_dana: APIClient, clinic: Clinic) -> None:
    for number in range(5):
        PatientFactory(
            clinic=clinic,
            given_name="Ada",
            family_name="Byron" + "n" * number,
            email="",
            mobile="",
        )

    read, page = [], as_dana.get("/api/v1/patients/?q=byron&page_size=2").json()
    while page:
        read += [patient["family_name"] for patient in page["results"]]
        page = as_dana.get(page["next"]).json() if page["next"] else None

    assert read == ["Byron", "Byronn", "Byronnn", "Byronnnn", "Byronnnnn"]


def test_a_search_of_one_letter_and_unknown_parameters_are_refused(as_dana: APIClient) -> None:
    short = as_dana.get("/api/v1/patients/?q=a")
    unknown = as_dana.get("/api/v1/patients/?name=ada")

    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (400, "/q")
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["code"] == "unknown_parameter"


def test_lists_come_in_pages_with_a_fixed_number_of_queries(
    as_dana: APIClient, clinic: Any, django_assert_num_queries: Any
) -> None:
    PatientFactory.create_batch(5, clinic=clinic)
    seen, url = [], "/api/v1/patients/?page_size=2"
    while url:
        with django_assert_num_queries(1 + RECORDED):
            page = as_dana.get(url).json()
        seen += [patient["id"] for patient in page["results"]]
        url = page["next"]

    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


def consent(client: APIClient, patient: Patient, **changes: Any) -> Any:
    body = {"channel": "EMAIL", "purpose": "CARE", "granted": True, "wording": "May we?"}
    return client.post(
        f"/api/v1/patients/{patient.pk}/contact-consents/", {**body, **changes}, format="json"
    )


def test_the_newest_word_of_a_patient_counts(as_dana: APIClient, clinic: Any) -> None:
    patient = PatientFactory(clinic=clinic)
    for granted in (True, False, True, False):
        assert consent(as_dana, patient, granted=granted).status_code == 201

    ledger = as_dana.get(f"/api/v1/patients/{patient.pk}/contact-consents/").json()["results"]
    assert [entry["granted"] for entry in ledger] == [False, True, False, True]
    assert reach_of([patient.pk]) == {}
    consent(as_dana, patient, granted=True)
    assert reach_of([patient.pk]) == {(patient.pk, "CARE"): {"EMAIL"}}


def test_a_consent_needs_an_address(as_dana: APIClient, clinic: Any) -> None:
    patient = PatientFactory(clinic=clinic, mobile="")

    answer = consent(as_dana, patient, channel="SMS")
    withdrawn = consent(as_dana, patient, channel="SMS", granted=False)

    assert answer.status_code == 409
    assert answer.json()["errors"][0] == {
        "pointer": "/channel",
        "code": "no_address",
        "detail": "The patient has no mobile number: record it first.",
    }
    assert withdrawn.status_code == 201


def test_a_ledger_entry_is_made_by_whoever_typed_it(as_dana: APIClient, dana: Any) -> None:
    patient = PatientFactory(clinic=dana.clinics.get())

    consent(as_dana, patient)

    assert ContactConsent.objects.get().recorded_by == dana
    assert ContactConsentFactory(patient=patient).recorded_by is None


def test_only_a_clinician_tells_the_skin_type(as_dana: APIClient, as_alice: APIClient) -> None:
    refused = post(as_dana, skin_type=2)
    assert (refused.status_code, refused.json()["code"]) == (403, "skin_type_not_yours")
    assert refused.json()["errors"][0]["pointer"] == "/skin_type"
    assert not Patient.objects.exists()

    told = post(as_alice, skin_type=2)

    assert told.status_code == 201
    assert "skin_type" not in told.json()  # that is clinical, and the desk reads the same answer
    assessment = Patient.objects.get().skin_type_assessments.get()
    assert (assessment.skin_type, assessment.assessed_by.username) == (2, "alice")


def test_a_number_with_an_extension_is_refused_with_the_reason(as_dana: APIClient) -> None:
    answer = as_dana.post("/api/v1/patients/", {**ADA, "mobile": "+49 30 1234567 ext. 12"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/mobile"
    assert "Leave out the extension 12" in answer.json()["errors"][0]["detail"]
    assert not Patient.objects.exists()


@pytest.mark.parametrize("field", ["given_name", "family_name"])
def test_what_cannot_be_seen_is_no_part_of_a_name(as_dana: APIClient, field: str) -> None:
    refused = [0x200B, 0x200E, 0x202E, 0x2066, 0xFEFF, 0xAD, 0x2060, 0x3164, 0x2800, 7, 0x85]
    taken = {
        "Ju\u0308rgen": "Jürgen",
        "  Ada ": "Ada",
        "O’Brien": "O’Brien",
        "علی\u200cرضا": "علی\u200cرضا",
    }

    for sign in map(chr, refused):
        for name in (sign, f"Ada{sign}Byron"):
            assert post(as_dana, **{field: name}).status_code == 400, (field, name)
    blank = dict.fromkeys(("given_name", "family_name"), " \u00a0\u2003")
    assert post(as_dana, **blank).status_code == 400
    for typed, stored in taken.items():
        assert post(as_dana, **{field: typed}).json()[field] == stored
