"""From a caller to the first treatment, over HTTP: two requests of the desk, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.models import Message
from clinic.models import Clinic, User
from patients.models import Patient
from sessions.models import Kind, TreatmentSession
from tests.conftest import Booking
from tests.factories import NINE, RoomFactory, visit_type_of

pytestmark = pytest.mark.django_db
WORD = {"channel": "SMS", "purpose": "CARE", "granted": True, "wording": "May we write?"}
CALLER = {"given_name": "Eve", "family_name": "Moss", "mobile": "0151 23456789"}


def call(client: APIClient, who: User, starts_at: Any = NINE, **body: Any) -> tuple[Any, Any]:
    """The two requests of the desk, and their answers."""
    clinic = who.clinics.get()
    visit_type_of(clinic, "consultation")
    patient = client.post("/api/v1/patients/", {**CALLER, "contact_consents": [WORD]})
    visit = client.post(
        "/api/v1/sessions/",
        {
            "kind": "CONSULTATION",
            "patient": patient.json()["id"],
            "starts_at": starts_at.isoformat(),
            "practitioner": str(who.pk),
            "room": str(RoomFactory(clinic=clinic).pk),
            **body,
        },
    )
    return patient, visit


def test_the_desk_alone_registers_and_books_in_two_requests(
    catalogue: None, as_dana: APIClient, alice: User, clinic: Clinic
) -> None:
    patient, visit = call(as_dana, alice)

    assert (patient.status_code, visit.status_code) == (201, 201), visit.json()
    booked = TreatmentSession.objects.get()
    assert (booked.kind, booked.patient.date_of_birth) == (Kind.CONSULTATION, None)
    steps = set(Message.objects.values_list("step__code", flat=True))
    assert {"visit-48h", "before-2h"} <= steps <= {"booked", "visit-48h", "before-2h"}


def test_from_the_consultation_to_a_candidate_and_a_booked_treatment(
    booking: Booking, as_dana: APIClient, as_alice: APIClient
) -> None:
    alice, concern = booking.practitioner, booking.plan.concern
    soon = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    patient, visit = call(as_dana, alice, starts_at=soon)
    moves = [
        client.post(f"/api/v1/sessions/{visit.json()['id']}/{verb}/")
        for client, verb in ((as_dana, "check-in"), (as_alice, "start"), (as_alice, "complete"))
    ]
    assert [move.status_code for move in moves] == [200, 200, 200]
    decided = {"patient": patient.json()["id"], "session": visit.json()["id"]}
    declined = {"outcome": "DECLINED", "reason": "Keloids", "alternatives": "Silicone"}
    as_alice.post("/api/v1/candidacies/", {**decided, **declined})
    plan = as_alice.post(
        "/api/v1/plans/",
        {
            "patient": patient.json()["id"],
            "concern": str(concern.pk),
            "area": str(booking.plan.area_id),
            "protocol": str(booking.plan.protocol_id),
        },
    )
    needling = {**booking.body(), "plan": plan.json()["id"]}
    reason = {"side_effect_override_reason": "Seen by a dermatologist since"}

    refused = as_dana.post("/api/v1/sessions/", needling)
    theirs = as_dana.post("/api/v1/sessions/", {**needling, **reason})
    talk = as_dana.post(
        "/api/v1/sessions/",
        {
            "kind": "CONSULTATION",
            "patient": patient.json()["id"],
            "starts_at": (NINE + timedelta(hours=4)).isoformat(),
            "practitioner": str(alice.pk),
            "room": str(booking.room.pk),
        },
    )
    as_alice.post("/api/v1/candidacies/", {**decided, "outcome": "CANDIDATE"})
    booked = as_dana.post("/api/v1/sessions/", needling)

    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_candidate")
    assert (theirs.status_code, theirs.json()["code"]) == (403, "override_not_allowed")
    assert talk.status_code == 201  # talking needs no candidate
    assert booked.status_code == 201
    assert Patient.objects.get(family_name="Moss").date_of_birth is None
