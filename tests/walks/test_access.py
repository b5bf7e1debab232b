"""Who gets in, and who sees whose rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import get_resolver
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.models import Role, User
from clinic.tasks import purge_tokens
from tests.conftest import Booking, client_of
from tests.factories import (
    DAY,
    NINE,
    CheckInFactory,
    ClinicFactory,
    ClosureFactory,
    CredentialFactory,
    ExposureFactory,
    InboundFactory,
    MessageFactory,
    OtherTreatmentFactory,
    PatientFactory,
    SideEffectFactory,
    StaffTaskFactory,
    TimeOffFactory,
    UserFactory,
    WaitlistEntryFactory,
    WorkingHoursFactory,
)
from tests.house.test_architecture import endpoints
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
OPEN = {"api/v1/auth/login/"}
NOBODY = "01890000-0000-7000-8000-000000000000"


@kept
def rows(booking: Booking) -> dict[str, Any]:
    """One row of each kind at Alice's clinic."""
    session = booking.completed()
    message = MessageFactory(session=session)
    return {
        "patients": booking.plan.patient,
        "plans": booking.plan,
        "sessions": session,
        "messages": message,
        "tasks": StaffTaskFactory(clinic=booking.plan.clinic, audience="CLINICAL"),
        "inbox": InboundFactory(clinic=booking.plan.clinic, audience="CLINICAL"),
        "exposures": ExposureFactory(clinic=session.clinic, staff=session.practitioner),
        "other-treatments": OtherTreatmentFactory(patient=booking.plan.patient),
        "side-effects": SideEffectFactory(session=session),
        "check-ins": CheckInFactory(session=session),
        "waitlist": WaitlistEntryFactory(plan=booking.plan),
        "credentials": CredentialFactory(user=booking.practitioner),
        "rooms": booking.room,
        "devices": booking.device,
        "working-hours": WorkingHoursFactory(
            clinic=booking.plan.clinic, practitioner=booking.practitioner
        ),
        "time-off": TimeOffFactory(practitioner=booking.practitioner, starts_at=NINE + DAY),
        "closures": ClosureFactory(clinic=booking.plan.clinic, starts_at=NINE + DAY),
    }


def test_without_a_token_every_endpoint_answers_401(as_charlie: APIClient) -> None:
    paths = [
        path.replace("<uuid:pk>", NOBODY)
        for path, _ in endpoints(get_resolver())
        if path.startswith("api/v1/") and path not in OPEN
    ]
    assert len(paths) > 25

    for path in paths:
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(as_charlie, method)(f"/{path}", {}, format="json")
            assert answer.status_code == 401, f"{method} {path}"
            assert answer["Content-Type"] == "application/problem+json"


def test_another_clinics_rows_do_not_exist(
    rows: dict[str, Any], as_alice: APIClient, as_bob: APIClient
) -> None:
    for name, row in rows.items():
        own = as_alice.get(f"/api/v1/{name}/{row.pk}/")
        foreign = as_bob.get(f"/api/v1/{name}/{row.pk}/")
        listed = as_bob.get(f"/api/v1/{name}/").json()["results"]

        assert own.status_code == 200, name
        assert foreign.status_code == 404, name
        assert listed == [], name


VERBS = {
    "sessions": [
        "confirm",
        "skip",
        "check-in",
        "start",
        "complete",
        "abort",
        "cancel",
        "no-show",
        "undo",
        "reschedule",
    ],
    "messages": ["cancel", "resend", "resolve"],
    "tasks": ["done"],
    "inbox": ["handled"],
    "side-effects": ["note", "resolve"],
    "exposures": ["steps"],
    "plans": ["book-series"],
    "waitlist": ["accept", "decline", "withdraw"],
}


def test_another_clinics_rows_cannot_be_moved(rows: dict[str, Any], bob: User) -> None:
    bob_manages = UserFactory(role=Role.MANAGER, clinic=bob.clinics.get())
    for name, verbs in VERBS.items():
        for verb in verbs:
            who = bob_manages if name == "messages" else bob
            answer = client_of(who).post(f"/api/v1/{name}/{rows[name].pk}/{verb}/", {})
            assert answer.status_code == 404, f"{name} {verb}"
    session = rows["sessions"].pk
    assert client_of(bob).get(f"/api/v1/sessions/{session}/chart/").status_code == 404
    assert client_of(bob).put(f"/api/v1/sessions/{session}/chart/", {}).status_code == 404
    assert client_of(bob).get(f"/api/v1/sessions/{session}/events/").status_code == 404
    assert client_of(bob).get(f"/api/v1/plans/{rows['plans'].pk}/proposal/").status_code == 404


def test_another_clinics_ids_are_unknown_in_a_body(
    booking: Booking, rows: dict[str, Any], as_bob: APIClient, bob: User
) -> None:
    answer = as_bob.post("/api/v1/sessions/", booking.body(), format="json")

    assert answer.status_code == 400
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/plan", "/practitioner", "/room", "/device"}
    patient = {"patient": str(rows["patients"].pk), "purpose": "CARE"}
    assert as_bob.post("/api/v1/plans/", patient, format="json").status_code == 400


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (Role.RECEPTIONIST, "get", "inbox/{inbound}/", 404),  # for clinicians
        (Role.RECEPTIONIST, "post", "inbox/{inbound}/handled/", 404),
        (Role.PRACTITIONER, "post", "inbox/{inbound}/handled/", 200),
        (Role.RECEPTIONIST, "post", "tasks/{task}/done/", 404),
        (Role.PRACTITIONER, "post", "tasks/{task}/done/", 200),
    ],
)
def test_what_is_for_clinicians_is_not_there_for_others(
    rows: dict[str, Any], role: Role, method: str, path: str, status: int
) -> None:
    """Which role may ask for which operation: test_doors.py."""
    user = UserFactory(role=role, clinic=rows["patients"].clinic)
    path = path.format(inbound=rows["inbox"].pk, task=rows["tasks"].pk)

    answer = getattr(client_of(user), method)(f"/api/v1/{path}", {}, format="json")

    assert answer.status_code == status


def test_rights_end_with_the_account_and_follow_the_role_at_once(alice: User) -> None:
    assert alice.has_perm("patients.view_patient")

    alice.role = Role.AUDITOR
    assert not alice.has_perm("patients.view_patient")
    alice.role = Role.PRACTITIONER
    alice.is_active = False
    assert not alice.has_perm("patients.view_patient")


def test_logging_in_gives_a_token_that_logging_out_ends(alice: User) -> None:
    alice.set_password("long-enough-1")
    alice.save()
    client = client_of(None)

    login = client.post(
        "/api/v1/auth/login/", {"username": "alice", "password": "long-enough-1"}, format="json"
    )
    assert login.status_code == 200
    assert login.json()["user"]["role"] == "PRACTITIONER"
    assert login.json()["expires_at"]
    for scheme in ("Token", "Bearer", "bearer"):
        client.credentials(HTTP_AUTHORIZATION=f"{scheme} {login.json()['token']}")
        assert client.get("/api/v1/me/").json()["username"] == "alice"

    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(alice: User) -> None:
    answers = [
        client_of(None).post("/api/v1/auth/login/", {"username": name, "password": "wrong-one-1"})
        for name in ("alice", "nobody")
    ]

    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_staff_of_two_clinics_say_for_which_one_they_register(dana: User) -> None:
    dana.clinics.add(ClinicFactory())
    details = {"given_name": "Ada", "family_name": "Byron", "date_of_birth": "1990-12-10"}
    client = client_of(dana)

    unclear = client.post("/api/v1/patients/", details, format="json")
    named = client.post(
        "/api/v1/patients/", {**details, "clinic": dana.clinics.all()[0].pk}, format="json"
    )
    foreign = client.post(
        "/api/v1/patients/", {**details, "clinic": PatientFactory().clinic.pk}, format="json"
    )

    assert (unclear.status_code, foreign.status_code, named.status_code) == (400, 400, 201)
    assert unclear.json()["errors"][0]["pointer"] == "/clinic"


def test_a_lapsed_token_opens_nothing_and_is_deleted_by_the_hour(alice: User) -> None:
    _, lapsed = AuthToken.objects.create(alice, expiry=timedelta(seconds=-1))
    _, token = AuthToken.objects.create(alice)
    client = client_of(None)

    client.credentials(HTTP_AUTHORIZATION=f"Token {lapsed}")
    assert client.get("/api/v1/me/").status_code == 401
    purge_tokens()

    assert AuthToken.objects.count() == 1
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/me/").status_code == 200


def test_the_token_takes_one_query(alice: User, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        _, token = AuthToken.objects.create(alice)
    client = client_of(None)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    with django_assert_num_queries(1):  # the token with its user and the user's clinics
        assert client.get("/api/v1/me/").status_code == 200
