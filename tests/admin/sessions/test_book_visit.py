"""A visit of a patient is booked on their page, or begins at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, User
from patients.models import Patient, StaffTask
from sessions.models import Kind, SideEffect, TreatmentSession
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import (
    PatientFactory,
    RoomFactory,
    SideEffectFactory,
    StaffTaskFactory,
    visit_type_of,
)
from tests.support.forms import fields_of
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def patient(clinic: Clinic) -> Patient:
    RoomFactory(clinic=clinic, name="Blue")
    return PatientFactory(clinic=clinic)


def page_of(patient: Patient) -> str:
    return url(patient).replace("/change/", "/book-visit/")


def send(client: Client, patient: Patient, code: str, who: User, **typed: Any) -> Any:
    page = page_of(patient)
    kind = str(visit_type_of(patient.clinic, code).pk)
    typed = {"visit_type": kind, "practitioner": str(who.pk), **typed}
    return client.post(page, {**fields_of(client.get(page)), **typed})


WHEN = {"starts_at_0": "7 Jan 2030", "starts_at_1": "10:00"}


def test_every_kind_is_booked_and_begins_now(
    dana: User, alice: User, patient: Patient, booking: Booking
) -> None:
    """A room is found where one is needed; each begins when the one before it is over."""
    client = client_of(dana)
    told = {"test-spot": {"device": str(booking.device.pk)}}
    told["video-consultation"] = {"video_url": "https://meet.example/a"}
    codes = ["consultation", "video-consultation", "check", "check-by-phone", "test-spot"]

    for hour, code in enumerate([*codes, "outcome-90d"], start=10):
        when = {"starts_at_0": "7 Jan 2030", "starts_at_1": f"{hour}:00"}
        answer = send(client, patient, code, alice, **when, **told.get(code, {}))
        assert answer.status_code == 302, answer.content.decode()
    before = timezone.now().replace(second=0, microsecond=0)
    send(client, patient, "check-by-phone", alice)

    visits = TreatmentSession.objects.order_by("starts_at")
    first, *later = visits
    assert before <= first.starts_at <= timezone.now()
    assert [visit.room and visit.room.name for visit in later] == [
        *("Blue", None, "Blue", None, "Blue", "Blue"),
    ]


def test_a_check_is_booked_from_what_it_looks_at(dana: User, alice: User, booking: Booking) -> None:
    desk, client, patient = client_of(dana), client_of(alice), booking.plan.patient
    RoomFactory(clinic=patient.clinic)
    effect: SideEffect = SideEffectFactory(session=booking.completed())
    task: StaffTask = StaffTaskFactory(clinic=patient.clinic, patient=patient)

    def led_to(client: Client, row: SideEffect | StaffTask) -> Any:
        leads = url(row).replace("/change/", "/check/")
        assert leads in client.get(url(row)).content.decode()
        return fields_of(client.get(leads, follow=True))

    typed = {"practitioner": str(alice.pk), "starts_at_0": "14 Jan 2030", "starts_at_1": "10:00"}
    now = timezone.now()
    soonest = led_to(desk, task)
    both = {**soonest, **typed, "side_effect": led_to(client, effect)["side_effect"]}
    desk.post(page_of(patient), both)

    shown = " ".join(soonest[f"starts_at_{part}"] for part in (0, 1))
    starts_at = datetime.strptime(shown, "%d %b %Y %H:%M").replace(tzinfo=patient.clinic.zone)
    assert timedelta(0) <= starts_at - now < timedelta(minutes=30)
    check = TreatmentSession.objects.get(kind=Kind.CHECK)
    assert (check.task, check.side_effect) == (task, effect)


@pytest.mark.parametrize(
    ("code", "typed", "said"),
    [
        ("test-spot", {}, "needs a device"),
        ("video-consultation", {}, "say where it meets"),
        ("check", {"starts_at_1": ""}, "The time is missing"),
        ("check", {"starts_at_0": "1 Jan 2020"}, "must start in the future"),
        ("check", {"task": "x", "plan": "\0"}, "is not a valid UUID"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    dana: User, alice: User, patient: Patient, code: str, typed: dict[str, str], said: str
) -> None:
    page = send(client_of(dana), patient, code, alice, **{**WHEN, **typed})

    assert said in page.content.decode()
    assert fields_of(page)["practitioner"] == str(alice.pk)
    assert not TreatmentSession.objects.exists()


def test_a_time_that_is_taken_comes_back_with_others_and_pressed_twice_is_once(
    dana: User, alice: User, bob: User, patient: Patient
) -> None:
    client, page = client_of(dana), page_of(patient)
    form = {**fields_of(client.get(page)), **WHEN, "practitioner": str(alice.pk)}
    form["visit_type"] = str(visit_type_of(patient.clinic, "check").pk)

    twice = [client.post(page, form)["Location"] for _ in range(2)]
    other = send(client, PatientFactory(clinic=patient.clinic), "check", alice, **WHEN)

    assert len(set(twice)) == TreatmentSession.objects.count() == 1
    assert "Free: Mon 7 Jan 2030" in other.content.decode()
    assert client_of(bob).get(page).status_code == 404


def test_a_treatment_begins_now_too(dana: User, booking: Booking) -> None:
    page = reverse("admin:treatment_sessions_treatmentsession_add")
    client = client_of(dana)
    typed = {
        "plan": str(booking.plan.pk),
        "practitioner": str(booking.practitioner.pk),
        "room": str(booking.room.pk),
        "device": str(booking.device.pk),
    }

    answer = client.post(page, {**fields_of(client.get(page)), **typed, "_save": "1"})

    assert answer.status_code == 302
    assert abs(TreatmentSession.objects.get().starts_at - timezone.now()).seconds < 120
