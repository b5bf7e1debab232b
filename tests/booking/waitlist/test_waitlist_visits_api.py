"""Holds and the waitlist for visits that treat nothing, over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Hold, WaitlistEntry
from tests.booking.waitlist.waitlist import NOW
from tests.conftest import Booking
from tests.factories import NINE, PatientFactory, RoomFactory, VisitFactory, visit_type_of

pytestmark = pytest.mark.django_db
HOLDS, WAITLIST, SESSIONS = "/api/v1/holds/", "/api/v1/waitlist/", "/api/v1/sessions/"


def body(booking: Booking, code: str = "check", **changes: Any) -> dict[str, Any]:
    details = {
        "visit_type": str(visit_type_of(booking.plan.clinic, code).pk),
        "patient": str(booking.plan.patient.pk),
        "starts_at": NINE.isoformat(),
        "practitioner": str(booking.practitioner.pk),
        "room": str(booking.room.pk),
    }
    return {**details, **changes}


def test_a_visit_is_held_booked_from_its_hold_and_refused_to_others(
    as_dana: APIClient, booking: Booking
) -> None:
    other = PatientFactory(clinic=booking.plan.clinic)

    held = as_dana.post(HOLDS, body(booking))
    kept = held.json()
    refused = as_dana.post(SESSIONS, body(booking, patient=str(other.pk)))
    booked = as_dana.post(SESSIONS, body(booking, hold=kept["id"]))

    assert held.status_code == 201
    assert (kept["plan"], kept["patient"]) == (None, str(booking.plan.patient.pk))
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert booked.status_code == 201
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"visit_type": "x"}, "/visit_type"),
        ({"patient": None}, "/patient"),
        ({"room": None}, "/room"),
        ({"further_plans": []}, "/further_plans"),
        ({"starts_at": "2030-01-07T09:00"}, "/starts_at"),
    ],
)
def test_a_bad_hold_is_named(
    as_dana: APIClient, booking: Booking, changes: dict[str, Any], pointer: str
) -> None:
    answer = as_dana.post(HOLDS, body(booking, **changes))

    assert answer.status_code in (400, 422)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_visit_is_waited_for_offered_and_accepted(as_dana: APIClient, clinic: Clinic) -> None:
    patient = PatientFactory(clinic=clinic)
    wish = {
        "visit_type": str(visit_type_of(clinic, "consultation").pk),
        "patient": str(patient.pk),
        "from_on": "2030-01-01",
        "until_on": "2030-01-31",
    }

    entry = as_dana.post(WAITLIST, wish).json()
    twice = as_dana.post(WAITLIST, wish)
    nobody = as_dana.post(WAITLIST, {**wish, "patient": None})
    url = f"{WAITLIST}{entry['id']}/"
    left = VisitFactory(patient__clinic=clinic, room=RoomFactory(clinic=clinic))
    services.move_session(session_id=left.pk, to=Status.CANCELLED, at=NOW, by=left.practitioner)
    services.offer_freed_slots(at=NOW)
    WaitlistEntry.objects.update(offer_expires_at=NINE)
    listed = as_dana.get(WAITLIST, {"patient": str(patient.pk)}).json()["results"]
    accepted = as_dana.post(f"{url}accept/")

    assert (entry["plan"], entry["patient"]) == (None, str(patient.pk))
    assert (twice.status_code, twice.json()["code"]) == (409, "already_waiting")
    assert nobody.json()["errors"][0]["pointer"] == "/patient"
    assert [row["offered_room"] for row in listed] == [str(left.room_id)]
    assert accepted.status_code == 201
    assert accepted.json()["visit_type"] == wish["visit_type"]
    assert as_dana.get(url).json()["session"] == accepted.json()["id"]
