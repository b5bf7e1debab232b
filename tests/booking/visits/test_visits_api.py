"""Visits of other kinds over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, Role, User
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession
from tests.conftest import AS_IT_IS, Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    PatientFactory,
    RoomFactory,
    SideEffectFactory,
    VisitFactory,
    this_hour,
    visit_type_of,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


@kept
def caller(clinic: Clinic) -> Patient:
    return PatientFactory(clinic=clinic)


def body(patient: Patient, who: User, code: str = "consultation", **changes: Any) -> dict[str, Any]:
    visit_type = visit_type_of(patient.clinic, code)
    details: dict[str, Any] = {
        "visit_type": str(visit_type.pk),
        "patient": str(patient.pk),
        "starts_at": NINE.isoformat(),
        "practitioner": str(who.pk),
    }
    if visit_type.needs_room:
        details["room"] = str(RoomFactory(clinic=patient.clinic).pk)
    return {**details, **changes}


def test_the_desk_books_a_caller_in_one_request(
    as_dana: APIClient, caller: Patient, alice: User
) -> None:
    answer = as_dana.post(SESSIONS, body(caller, alice), format="json")

    told = answer.json()
    assert answer.status_code == 201, told
    assert (told["kind"], told["plan"], told["recovers_at"]) == ("CONSULTATION", None, None)
    assert told.pop("clear_on") is None  # of a booking only
    assert as_dana.get(f"{SESSIONS}{told['id']}/").json() == told
    (listed,) = as_dana.get(f"{SESSIONS}?kind=CONSULTATION").json()["results"]
    assert {**listed, "areas": []} == told
    assert as_dana.get(f"{SESSIONS}?kind=TREATMENT").json()["results"] == []


def test_a_kind_is_enough_where_the_clinic_has_one(
    as_dana: APIClient, caller: Patient, alice: User
) -> None:
    details = body(caller, alice, "check", kind="CHECK")
    del details["visit_type"]
    several = {**details, "kind": "OUTCOME"}

    assert as_dana.post(SESSIONS, several, format="json").json()["errors"][0]["pointer"] == (
        "/visit_type"
    )
    assert as_dana.post(SESSIONS, details, format="json").json()["kind"] == "CHECK"


def test_the_old_call_still_books_a_treatment(as_dana: APIClient, booking: Booking) -> None:
    told = as_dana.post(SESSIONS, booking.body(kind="TREATMENT"), format="json").json()

    assert told["kind"] == "TREATMENT"
    assert told["visit_type"] == str(visit_type_of(booking.plan.clinic).pk)


def test_a_walk_in_begins_now(as_dana: APIClient, caller: Patient, alice: User) -> None:
    details = body(caller, alice)
    del details["starts_at"]

    told = as_dana.post(SESSIONS, details, format="json").json()

    begins = datetime.fromisoformat(told["starts_at"])
    assert abs(begins - datetime.now(begins.tzinfo)) < timedelta(minutes=2)


def test_a_treatment_begins_now_too(as_dana: APIClient, booking: Booking) -> None:
    details = booking.body()
    del details["starts_at"]

    told = as_dana.post(SESSIONS, details, format="json").json()

    begins = datetime.fromisoformat(told["starts_at"])
    assert abs(begins - datetime.now(begins.tzinfo)) < timedelta(minutes=2)


def test_what_is_taken_comes_with_times_that_can_be_booked(
    as_dana: APIClient, caller: Patient, alice: User
) -> None:
    VisitFactory(patient__clinic=caller.clinic, practitioner=alice)
    details = body(caller, alice, "check-by-phone")

    refused = as_dana.post(SESSIONS, details, format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "practitioner_taken")
    offers = refused.json()["alternatives"]
    assert len(offers) == 3
    for offer in offers:
        assert (offer["room"], offer["device"]) == (None, None)
    again = as_dana.post(SESSIONS, {**details, **offers[0]}, format="json")
    assert again.status_code == 201, again.json()


def test_free_times_of_a_visit_can_be_booked(
    as_dana: APIClient, caller: Patient, alice: User
) -> None:
    details = body(caller, alice)
    query = {
        "visit_type": details["visit_type"],
        "from": NINE.date().isoformat(),
        "to": NINE.date().isoformat(),
    }

    offers = as_dana.get("/api/v1/availability/", query).json()
    first = as_dana.get("/api/v1/availability/", {"from": query["from"], "to": query["to"]})

    assert first.json()["errors"][0]["pointer"] == "/plan"
    booked = as_dana.post(SESSIONS, {**details, **offers[0]}, format="json")
    assert booked.status_code == 201, booked.json()
    assert booked.json()["room"] == offers[0]["room"]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"kind": "CHECK"}, 400, "kind"),
        ({"video_url": "https://meet.example/1"}, 422, "video_url"),
        ({"plan": "01890000-0000-7000-8000-000000000000"}, 400, "plan"),
        ({"room": None}, 422, "room"),
    ],
)
def test_what_does_not_fit_names_its_field(
    as_dana: APIClient,
    caller: Patient,
    alice: User,
    changes: dict[str, Any],
    status: int,
    field: str,
) -> None:
    answer = as_dana.post(SESSIONS, body(caller, alice, **changes), format="json")

    told = answer.json()
    assert answer.status_code == status, told
    assert [error["pointer"] for error in told["errors"]] == [f"/{field}"]


def test_a_check_tells_what_it_found(as_alice: APIClient, booking: Booking) -> None:
    effect = SideEffectFactory(session=booking.completed(this_hour() - DAY))
    check = VisitFactory(
        code="check",
        patient=booking.plan.patient,
        practitioner=booking.practitioner,
        side_effect=effect,
        starts_at=this_hour() - HOUR,
        status=Status.IN_PROGRESS,
    )
    url = f"{SESSIONS}{check.pk}/complete/"

    refused = as_alice.post(url, {}, format="json", headers=AS_IT_IS)
    done = as_alice.post(url, {"note": "Pale again."}, format="json", headers=AS_IT_IS)

    assert (refused.status_code, refused.json()["code"]) == (409, "finding_missing")
    assert done.json()["status"] == "COMPLETED"
    effect.refresh_from_db()
    assert effect.resolution == "Pale again."


def test_kinds_of_visit_are_listed_for_the_own_clinic(
    as_dana: APIClient, clinic: Clinic, other_clinic: Clinic
) -> None:
    rows = as_dana.get("/api/v1/visit-types/").json()["results"]
    outcomes = as_dana.get("/api/v1/visit-types/?kind=OUTCOME").json()["results"]
    strange = visit_type_of(other_clinic)

    assert {row["kind"] for row in rows} == set(Kind.values)
    assert {row["clinic"] for row in rows} == {str(clinic.pk)}
    assert {row["window_from_days"] for row in outcomes} == {75, 150}
    assert as_dana.get(f"/api/v1/visit-types/{strange.pk}/").status_code == 404


def test_a_receptionist_may_call_where_the_clinic_says_so(
    as_dana: APIClient, caller: Patient, dana: User
) -> None:
    details = body(caller, dana, "check-by-phone")
    refused = as_dana.post(SESSIONS, details, format="json")
    phone = visit_type_of(caller.clinic, "check-by-phone")
    phone.roles = [Role.RECEPTIONIST]
    phone.save()

    assert (refused.status_code, refused.json()["code"]) == (422, "not_their_visit")
    assert as_dana.post(SESSIONS, details, format="json").status_code == 201
    assert TreatmentSession.objects.get().ends_at == NINE + HOUR / 6
