"""Somebody calls for the first time: registered and booked on one page of the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clinic.models import Clinic, Role, User
from patients.models import ContactConsent, Patient
from sessions.models import Kind, TreatmentSession, VisitType
from tests.admin.pages import client_of
from tests.factories import NINE, PatientFactory, RoomFactory, UserFactory, visit_type_of
from tests.support.forms import fields_of
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
PAGE = "/admin/patients/patient/new-caller/"


@kept
def consultation(clinic: Clinic, alice: User) -> VisitType:
    RoomFactory(clinic=clinic, name="Blue")
    return visit_type_of(clinic, "consultation")


def typed(visit_type: VisitType, who: User, **changes: Any) -> dict[str, Any]:
    details = {
        "given_name": "Eve",
        "family_name": "Moss",
        "mobile": "0151 23456789",
        "visit_type": str(visit_type.pk),
        "practitioner": str(who.pk),
        "starts_at_0": "7 Jan 2030",
        "starts_at_1": "10:00",
    }
    return {**details, **changes}


def send(client: Client, form: dict[str, Any]) -> Any:
    return client.post(PAGE, {**fields_of(client.get(PAGE)), **form})


def test_the_desk_registers_and_books_in_one_go(
    dana: User, alice: User, consultation: VisitType
) -> None:
    client = client_of(dana)

    answer = send(client, typed(consultation, alice, channels=["SMS"]))

    caller, visit = Patient.objects.get(), TreatmentSession.objects.get()
    assert (answer.status_code, str(caller.pk) in answer["Location"]) == (302, True)
    assert (caller.full_name, str(caller.mobile), caller.date_of_birth) == (
        *("Eve Moss", "+4915123456789"),
        None,
    )
    assert (visit.patient, visit.kind, visit.starts_at) == (caller, Kind.CONSULTATION, NINE)
    assert (visit.room and visit.room.name, visit.practitioner) == ("Blue", alice)
    word = ContactConsent.objects.get()
    assert (word.channel, word.granted, word.recorded_by) == ("SMS", True, dana)
    assert "New caller" in client.get("/admin/patients/patient/").content.decode()


def test_who_may_be_the_same_person_is_shown_first_and_nothing_is_done(
    dana: User, alice: User, consultation: VisitType
) -> None:
    known = PatientFactory(clinic=consultation.clinic, mobile="+4915123456789")
    client = client_of(dana)

    asked = send(client, typed(consultation, alice))
    page = asked.content.decode()

    assert "Is it one of these?" in page
    assert str(known.pk) in page
    assert (Patient.objects.count(), TreatmentSession.objects.count()) == (1, 0)
    client.post(PAGE, {**fields_of(asked), "person": str(known.pk)})
    assert TreatmentSession.objects.get().patient == known
    later = {"starts_at_1": "11:00", "person": "new"}
    send(client, typed(consultation, alice, **later))
    assert Patient.objects.count() == 2


def test_what_is_not_free_is_said_with_other_times_and_nobody_is_registered(
    dana: User, alice: User, consultation: VisitType
) -> None:
    client = client_of(dana)
    send(client, typed(consultation, alice))

    other = {"given_name": "Ann", "family_name": "Lee", "mobile": "0151 23456780"}
    page = send(client, typed(consultation, alice, **other)).content.decode()

    assert "Free: Mon 7 Jan 2030" in page
    assert 'value="Ann"' in page
    assert not Patient.objects.filter(given_name="Ann").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"given_name": "", "family_name": ""}, "Give at least one name."),
        ({"mobile": ""}, "Give a mobile number or an e-mail address"),
        ({"mobile": "0151 234"}, "number"),
        ({"email": "eve@"}, "valid email"),
        ({"starts_at_0": "1 Jan 2020"}, "must start in the future"),
        ({"starts_at_1": ""}, "The time is missing"),
        ({"practitioner": ""}, "required"),
        ({"mobile": "", "email": "eve@x.example", "channels": ["SMS"]}, "no mobile number"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    dana: User, alice: User, consultation: VisitType, change: dict[str, Any], said: str
) -> None:
    page = send(client_of(dana), typed(consultation, alice, **change)).content.decode()

    assert said in page
    assert (Patient.objects.count(), TreatmentSession.objects.count()) == (0, 0)


def test_pressed_twice_it_is_done_once(dana: User, alice: User, consultation: VisitType) -> None:
    client = client_of(dana)
    form = {**fields_of(client.get(PAGE)), **typed(consultation, alice)}

    first, second = client.post(PAGE, form), client.post(PAGE, {**form, "person": "new"})

    assert first.status_code == 302
    assert second.status_code == 200
    assert TreatmentSession.objects.count() == 1


def test_the_second_room_is_taken_when_the_first_is_not_free(
    dana: User, alice: User, consultation: VisitType
) -> None:
    client = client_of(dana)
    other = UserFactory(clinic=consultation.clinic)
    send(client, typed(consultation, alice))
    ann = {"given_name": "Ann", "mobile": "0151 23456780"}

    full = send(client, typed(consultation, other, **ann)).content.decode()
    RoomFactory(clinic=consultation.clinic, name="Red")
    send(client, typed(consultation, other, **ann))

    assert "No room is free then." in full
    rooms = TreatmentSession.objects.order_by("id").values_list("room__name", flat=True)
    assert list(rooms) == ["Blue", "Red"]


def test_only_who_registers_and_books_has_the_page(
    clinic: Clinic, consultation: VisitType, bob: User
) -> None:
    auditor = UserFactory(role=Role.AUDITOR, clinic=clinic)
    theirs = client_of(bob).get(PAGE).content.decode()

    assert client_of(auditor).get(PAGE).status_code == 403
    assert str(consultation.pk) not in theirs


def test_the_time_is_on_the_clinics_clock(dana: User, alice: User, consultation: VisitType) -> None:
    Clinic.objects.update(time_zone="America/New_York")

    send(client_of(dana), typed(consultation, alice))

    assert TreatmentSession.objects.get().starts_at - NINE == timedelta(hours=6)
