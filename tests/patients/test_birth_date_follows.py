"""A caller is registered with a name and one way to be reached; the birth date may follow, and
nobody is needled before it has."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from clinic.findings import Severity
from clinic.models import Clinic, User
from patients.models import Patient
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.services.booking.moves import UnresolvedFindings
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import NINE, PatientFactory, VisitFactory, clinical_rules, visit_type_of
from tests.patients.merging import merge, twins
from tests.support.forms import send

pytestmark = pytest.mark.django_db
PATIENTS = "/api/v1/patients/"
EVE = {"given_name": "Eve", "family_name": "Moss"}
REACHED = [{"mobile": "+4915123456789"}, {"email": "eve@patients.example"}]


@pytest.mark.parametrize("way", REACHED)
def test_a_name_and_one_way_to_reach_the_person_are_enough(
    as_dana: APIClient, way: dict[str, str]
) -> None:
    answer = as_dana.post("/api/v1/patients/", {**EVE, **way})

    assert (answer.status_code, answer.json()["date_of_birth"]) == (201, None)
    found = as_dana.get("/api/v1/patients/?q=moss").json()["results"]
    assert [row["id"] for row in found] == [answer.json()["id"]]
    last = "…789" if "mobile" in way else way["email"]
    assert str(Patient.objects.get()) == f"Moss, Eve · {last}"


@pytest.mark.parametrize("way", [{}, {"mobile": "", "email": ""}, {"date_of_birth": None}])
def test_a_name_alone_is_refused_at_both_ways(as_dana: APIClient, way: dict[str, Any]) -> None:
    answer = as_dana.post("/api/v1/patients/", {**EVE, **way})

    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert (answer.status_code, pointers) == (400, {"/mobile", "/email"})
    assert "Give a mobile number or an e-mail address" in answer.json()["detail"]
    assert not Patient.objects.exists()


def test_who_can_be_reached_no_more_is_known_by_the_birth_date(
    as_dana: APIClient, clinic: Clinic
) -> None:
    caller = PatientFactory(clinic=clinic, date_of_birth=None, mobile="")
    url = f"/api/v1/patients/{caller.pk}/"

    refused = as_dana.patch(url, {"email": ""}, HTTP_IF_MATCH="*")
    changed = as_dana.patch(url, {"email": "", "date_of_birth": "1990-05-17"}, HTTP_IF_MATCH="*")

    assert (refused.status_code, changed.status_code) == (400, 200)


def test_the_admin_takes_a_caller_and_lists_whose_birth_date_is_to_be_asked(dana: User) -> None:
    client = client_of(dana)

    send(client, "/admin/patients/patient/add/", **EVE, mobile="0151 23456789")

    caller = Patient.objects.get()
    assert (caller.date_of_birth, str(caller.mobile)) == (None, "+4915123456789")
    PatientFactory(clinic=caller.clinic, family_name="Known")
    page = client.get("/admin/patients/patient/?date_of_birth__isempty=1").content.decode()
    assert ">Moss, Eve</a>" in page
    assert "Known" not in page


@pytest.mark.parametrize("page", ["archive", "merge"])
def test_pages_say_that_it_is_not_known(clinic: Clinic, alice: User, page: str) -> None:
    caller = PatientFactory(clinic=clinic, date_of_birth=None)

    shown = client_of(alice).get(f"/admin/patients/patient/{caller.pk}/{page}/").content.decode()

    assert "birth date not known" in shown
    assert "born" not in shown


@pytest.mark.parametrize(
    ("born", "theirs", "name", "found"),
    [
        (None, None, "Hopper", True),
        (None, date(1990, 5, 17), "Hopper", True),
        (date(1990, 5, 17), None, "Hoper", True),
        (None, None, "Hoper", True),
        (None, date(1990, 5, 17), "Moss", False),
        (None, None, "Moss", False),
        (date(1990, 5, 17), None, "Moss", False),
        (date(1990, 5, 17), date(1990, 5, 18), "Hopper", False),
    ],
)
def test_a_namesake_may_be_the_same_person_unless_the_birth_dates_differ(
    clinic: Clinic, born: date | None, theirs: date | None, name: str, found: bool
) -> None:
    patient = PatientFactory(clinic=clinic, family_name="Hopper", date_of_birth=born)
    other = PatientFactory(clinic=clinic, family_name=name, date_of_birth=theirs)

    duplicates = Patient.objects.possible_duplicates_of(patient)

    assert [row.pk for row in duplicates] == ([other.pk] if found else [])


def test_merging_takes_over_the_birth_date_that_is_known(clinic: Clinic, alice: User) -> None:
    ours, theirs = twins(clinic, date_of_birth=(None, date(1990, 5, 17)))

    merge(ours, theirs, alice)

    ours.refresh_from_db()
    assert ours.date_of_birth == date(1990, 5, 17)


def unborn(booking: Booking) -> Patient:
    """The patient of a booking, whose birth date nobody has asked for."""
    Patient.objects.update(date_of_birth=None)
    booking.plan.patient.refresh_from_db()
    return booking.plan.patient


def test_booking_goes_on_and_needling_does_not(booking: Booking, as_dana: APIClient) -> None:
    patient = unborn(booking)
    session = booking.book()
    booking.ready()
    booking.move(session, Status.CHECKED_IN)

    found = {entry.finding.code: entry.finding for entry in assess_session(session, at=NINE)}
    with pytest.raises(UnresolvedFindings, match="Ask for the birth date"):
        booking.move(session, Status.IN_PROGRESS)

    assert found["birth_date_missing"].severity == Severity.BLOCK
    assert found["birth_date_missing"].overridable_by == ()
    url = f"/api/v1/patients/{patient.pk}/"
    assert as_dana.patch(url, {"date_of_birth": "1990-05-17"}, HTTP_IF_MATCH="*").status_code == 200
    assert booking.move(session, Status.IN_PROGRESS).status == Status.IN_PROGRESS


@pytest.mark.parametrize(("code", "may"), [("consultation", True), ("test-spot", False)])
def test_a_talk_goes_on_and_a_test_spot_is_needled_too(
    clinic: Clinic, alice: User, as_dana: APIClient, code: str, may: bool
) -> None:
    clinical_rules()
    caller = PatientFactory(clinic=clinic, date_of_birth=None)
    visit = VisitFactory(patient=caller, visit_type=visit_type_of(clinic, code))

    def move(to: str) -> None:
        services.move_session(session_id=visit.pk, to=to, at=visit.starts_at, by=alice)

    move(Status.CHECKED_IN)
    if may:
        move(Status.IN_PROGRESS)
        move(Status.COMPLETED)
    else:
        with pytest.raises(UnresolvedFindings, match="Ask for the birth date"):
            move(Status.IN_PROGRESS)
    Patient.objects.update(date_of_birth=date(1990, 5, 17))  # typed, and taken back
    url = f"/api/v1/patients/{caller.pk}/"
    assert as_dana.patch(url, {"date_of_birth": None}, HTTP_IF_MATCH="*").status_code == 200


def test_what_a_caller_says_on_being_written_to_comes_with_the_record(
    as_dana: APIClient, as_alice: APIClient
) -> None:
    word = {"channel": "SMS", "purpose": "CARE", "granted": True, "wording": "May we write?"}
    body = {**EVE, **REACHED[0], "contact_consents": [word]}
    mail = {**body, "contact_consents": [word, {**word, "channel": "EMAIL"}]}

    unreachable, theirs = as_dana.post(PATIENTS, mail), as_alice.post(PATIENTS, body)
    nobody = Patient.objects.exists()
    answer = as_dana.post(PATIENTS, body)

    assert (unreachable.status_code, unreachable.json()["code"]) == (409, "no_address")
    assert unreachable.json()["errors"][0]["pointer"] == "/contact_consents/1/channel"
    assert (theirs.status_code, theirs.json()["code"]) == (403, "contact_consent_not_yours")
    assert not nobody
    ledger = as_dana.get(f"{PATIENTS}{answer.json()['id']}/contact-consents/").json()["results"]
    assert [(row["channel"], row["granted"]) for row in ledger] == [("SMS", True)]


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.COMPLETED])
def test_the_database_lets_nobody_be_needled_without(booking: Booking, status: str) -> None:
    unborn(booking)
    session = booking.book()

    with pytest.raises(IntegrityError, match="not known"), transaction.atomic():
        TreatmentSession.objects.filter(pk=session.pk).update(status=status)


def test_once_needled_it_is_corrected_and_not_emptied(
    booking: Booking, as_dana: APIClient, dana: User
) -> None:
    booking.in_progress()
    patient = booking.plan.patient
    url = f"/api/v1/patients/{patient.pk}/"

    emptied = as_dana.patch(url, {"date_of_birth": None}, HTTP_IF_MATCH="*")
    corrected = as_dana.patch(url, {"date_of_birth": "1990-05-18"}, HTTP_IF_MATCH="*")
    page = f"/admin/patients/patient/{patient.pk}/change/"
    refused = send(client_of(dana), page, date_of_birth="").content.decode()

    assert (emptied.status_code, corrected.status_code) == (400, 200)
    assert emptied.json()["errors"][0]["pointer"] == "/date_of_birth"
    assert "correct it instead" in refused
    with pytest.raises(IntegrityError, match="was needled"), transaction.atomic():
        Patient.objects.update(date_of_birth=None)


def test_before_that_a_mistyped_one_is_taken_back(booking: Booking, as_dana: APIClient) -> None:
    booking.book()
    url = f"/api/v1/patients/{booking.plan.patient_id}/"

    assert as_dana.patch(url, {"date_of_birth": None}, HTTP_IF_MATCH="*").status_code == 200


def test_the_search_finds_who_has_one_and_who_has_none(clinic: Clinic) -> None:
    caller = PatientFactory(clinic=clinic, mobile="+4915119901231", date_of_birth=None)
    born = PatientFactory(clinic=clinic, mobile="", date_of_birth=date(1990, 12, 31))

    def found(text: str) -> set[Any]:
        return {row.pk for row in Patient.objects.search(text, clinics=[clinic.pk])}

    assert found("19901231") == {caller.pk, born.pk}
    assert found("31.12.1990") == {born.pk}
    Patient.objects.filter(pk=caller.pk).update(date_of_birth=date(1990, 12, 31))
    assert found("31.12.1990") == {caller.pk, born.pk}
