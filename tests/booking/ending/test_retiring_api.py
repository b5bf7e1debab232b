"""Ending rooms, devices, people and plans over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, Role, User
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from tests.booking.ending.retiring import ENDS, row_of, url
from tests.conftest import Booking, client_of
from tests.factories import NINE, ClinicFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


OVER_HTTP = [model for model in ENDS if model is not TreatmentPlan]  # which has verbs of its own


def test_a_plan_is_held_over_http_with_what_is_booked(
    booking: Booking, ahead: TreatmentSession, as_alice: APIClient
) -> None:
    path = f"/api/v1/plans/{booking.plan.pk}/hold/"
    body = {"reason": "Ill"}

    refused = as_alice.post(path, body, format="json")
    moved = as_alice.post(path, {**body, "rest": "MOVE"}, format="json")
    done = as_alice.post(path, {**body, "rest": "CANCEL"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_ahead")
    assert (moved.status_code, moved.json()["code"]) == (409, "cannot_move")
    assert (done.status_code, done.json()["status"]) == (200, "ON_HOLD")
    ahead.refresh_from_db()
    assert ahead.status == Status.CANCELLED


@pytest.mark.parametrize("model", OVER_HTTP, ids=lambda model: model.__name__)
def test_each_kind_ends_over_http(
    booking: Booking, ahead: TreatmentSession, manager: User, as_bob: APIClient, model: Any
) -> None:
    row, client = row_of(booking, model), client_of(manager)
    verb = "archive" if model is Patient else "retire"

    shown = client.get(url(row, "ahead"))
    refused = client.post(url(row, verb), {}, format="json")
    unknown = client.post(url(row, verb), {"rest": "FORGET"}, format="json")
    done = client.post(url(row, verb), {"rest": "CANCEL", "reason": "Leaks"}, format="json")

    assert [entry["id"] for entry in shown.json()["bookings"]] == [str(ahead.pk)]
    assert (shown.json()["bookings"][0]["offer"] is None) is (model is Patient)
    assert (refused.status_code, refused.json()["code"]) == (409, "still_ahead")
    assert [entry["id"] for entry in refused.json()["bookings"]] == [str(ahead.pk)]
    assert unknown.status_code == 400
    assert done.status_code == 200, done.content
    ahead.refresh_from_db()
    assert ahead.status == Status.CANCELLED
    assert as_bob.post(url(row, verb), {}, format="json").status_code in (403, 404)


def test_decisions_name_their_session(
    booking: Booking, ahead: TreatmentSession, manager: User
) -> None:
    client = client_of(manager)
    bad = {"session": str(ahead.pk), "do": "KEEP", "starts_at": NINE.isoformat()}
    good = {"session": str(ahead.pk), "do": "MOVE"}

    refused = client.post(url(booking.room, "retire"), {"decisions": [bad]}, format="json")
    done = client.post(url(booking.room, "retire"), {"decisions": [good]}, format="json")

    assert refused.json()["errors"][0]["pointer"] == "/decisions/0/starts_at"
    assert (done.status_code, done.json()["is_active"]) == (200, False)


def test_nobody_ends_the_work_of_those_whose_role_they_could_not_give(
    booking: Booking, ahead: TreatmentSession, as_dana: APIClient
) -> None:
    technician = UserFactory(role=Role.ADMIN, clinic=booking.plan.clinic)
    path = url(booking.practitioner, "retire")

    assert as_dana.post(path, {}, format="json").status_code == 403
    assert client_of(technician).post(path, {}, format="json").json()["code"] == "not_your_staff"
    booking.practitioner.clinics.add(ClinicFactory())
    manager: User = UserFactory(role=Role.MANAGER, clinic=booking.plan.clinic)
    assert client_of(manager).post(path, {}, format="json").json()["code"] == "not_your_staff"


def test_a_record_without_anything_ahead_is_archived_at_once(
    clinic: Clinic, as_dana: APIClient
) -> None:
    patient = PatientFactory(clinic=clinic)

    assert as_dana.get(url(patient, "ahead")).json()["bookings"] == []
    archived = as_dana.post(url(patient, "archive"))
    restored = as_dana.post(url(patient, "restore"))

    assert archived.json()["archived_at"]
    assert restored.json()["archived_at"] is None
