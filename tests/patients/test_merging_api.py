"""Merging over HTTP and its preview."""

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic
from patients.models import Patient
from tests.conftest import Booking
from tests.factories import PatientFactory
from tests.patients.merging import make_twins, twins

pytestmark = pytest.mark.django_db


def url(patient: Patient) -> str:
    return f"/api/v1/patients/{patient.pk}/merge/"


def test_merging_over_http(as_alice: APIClient, as_dana: APIClient, clinic: Clinic) -> None:
    kept, merged = twins(clinic)
    foreign = PatientFactory()
    body = {"duplicate": str(merged.pk), "reason": "Typed twice"}

    assert as_dana.post(url(kept), body).status_code == 403
    assert as_dana.get(url(kept), {"duplicate": str(merged.pk)}).status_code == 403
    assert as_alice.post(url(foreign), body).status_code == 404
    assert as_alice.delete(url(kept)).status_code == 405
    strange = as_alice.post(url(kept), {**body, "duplicate": str(foreign.pk)})
    itself = as_alice.post(url(kept), {**body, "duplicate": str(kept.pk)})
    done = as_alice.post(url(kept), body)

    assert strange.status_code == 400
    assert (itself.status_code, itself.json()["code"]) == (409, "cannot_merge")
    assert (done.status_code, done.json()["moved"]) == (201, {})
    restored = as_alice.post(f"/api/v1/patients/{merged.pk}/restore/")
    assert restored.json()["code"] == "not_archived"


def test_contradictions_are_shown_before_and_chosen(
    as_alice: APIClient, clinic: Clinic, booking: Booking
) -> None:
    kept, merged = twins(clinic, email=("a@x.example", "b@x.example"), sex=("", "FEMALE"))
    body = {"duplicate": str(merged.pk), "reason": "Typed twice"}

    preview = as_alice.get(url(kept), {"duplicate": str(merged.pk)})
    undecided = as_alice.post(url(kept), body, format="json")
    wrong = as_alice.post(url(kept), {**body, "choices": {"email": "mine"}}, format="json")
    done = as_alice.post(url(kept), {**body, "choices": {"email": "duplicate"}}, format="json")

    asked = [
        {"field": "email", "label": "Email", "kept": "a@x.example", "duplicate": "b@x.example"}
    ]
    assert preview.json()["contradictions"] == asked
    assert preview.json()["values"]["sex"]["result"] == "FEMALE"
    assert (undecided.status_code, undecided.json()["code"]) == (409, "choices_needed")
    assert undecided.json()["contradictions"] == asked
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/choices/email")
    assert done.status_code == 201
    assert done.json()["values"]["email"] == {
        "kept": "a@x.example",
        "duplicate": "b@x.example",
        "result": "b@x.example",
    }


def test_the_preview_says_what_stands_in_the_way(
    as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    kept, merged = make_twins(booking, another_booking)
    booking.book()
    another_booking.book()

    answer = as_alice.get(url(kept), {"duplicate": str(merged.pk)})

    assert "at the same time" in answer.json()["refusal"]
    merged.refresh_from_db()
    assert merged.archived_at is None
