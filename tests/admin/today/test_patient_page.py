"""The page of a patient: what matters on top, the rest in tabs, each as far as the role may see."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, Role, User
from patients.models import Patient
from sessions.lifecycle import Status
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import (
    DAY,
    CheckInFactory,
    MessageFactory,
    PatientFactory,
    PlanFactory,
    ScreeningFactory,
    SessionFactory,
    SideEffectFactory,
    StaffTaskFactory,
    UserFactory,
)
from tests.support.accesses import RECORDED
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db


@kept
def patient(booking: Booking) -> Patient:
    """Somebody with a story: a treatment that has left something behind, and a plan on hold."""
    patient = booking.plan.patient
    Patient.objects.filter(pk=patient.pk).update(
        allergies="Nickel", keloid_history=True, cold_sore_history=True
    )
    patient.refresh_from_db()
    tell(patient)
    PlanFactory(patient=patient, status="ON_HOLD")
    ScreeningFactory(patient=patient, taken_by=booking.practitioner, valid_until=date(2020, 1, 1))
    return patient


def tell(patient: Patient) -> None:
    treated = timezone.now() - 40 * DAY - timedelta(days=patient.sessions.count())
    plan = PlanFactory(patient=patient)
    session = SessionFactory(plan=plan, starts_at=treated, status=Status.COMPLETED)
    SideEffectFactory(session=session)
    CheckInFactory(session=session, reported_at=treated + DAY)
    MessageFactory(session=session)
    StaffTaskFactory(clinic=patient.clinic, patient=patient, audience="CLINICAL")


def test_who_treats_reads_on_top_what_to_look_out_for(patient: Patient, alice: User) -> None:
    page = client_of(alice).get(url(patient))

    words = visible(page)
    for alert in (
        "Allergies: Nickel",
        "Keloids",
        "Cold sores",
        "Open: Redness (erythema), grade 1",
        "Plan on hold",
        "Screening expired on 1 Jan 2020",
        "Nothing is booked",
        "1 of ",
    ):
        assert alert in words, alert
    text = page.content.decode()
    for tab in ("sessions", "healing", "photos", "messages", "record"):
        assert f'id="{tab}-group"' in text, tab
    for model in ("treatmentplan", "candidacy", "photo"):
        assert f"/treatment_sessions/{model}/add/?patient={patient.pk}" in text, model


def test_the_desk_sees_no_more_of_it_than_its_role_may(patient: Patient, dana: User) -> None:
    page = client_of(dana).get(url(patient))

    words, text = visible(page), page.content.decode()
    clinical = ["Nickel", "Keloids", "Cold sores", "erythema", "expired", "Healing", "Photos"]
    assert [word for word in clinical if word in words] == []
    assert "see the practitioner" in words
    assert "/treatmentconsent/add/" not in text
    assert f"/patients/consenthandout/add/?patient={patient.pk}" in text
    assert "/story/" not in text


def test_a_long_story_takes_no_more_statements(patient: Patient, alice: User) -> None:
    client, counts = client_of(alice), []
    client.get(url(patient))
    for more in (0, 6):
        for _ in range(more):
            tell(patient)
        with CaptureQueriesContext(connection) as caught:
            page = client.get(url(patient))
        counts.append(len(caught))

    assert counts[0] == counts[1]
    assert counts[0] <= 42 + RECORDED, counts
    assert len(page.content) < 150_000


def test_the_story_is_for_who_may_read_histories(
    patient: Patient, alice: User, dana: User, bob: User
) -> None:
    address = reverse("admin:patient-story", args=[patient.pk])

    assert "Registered" in client_of(alice).get(address).content.decode()
    assert client_of(dana).get(address).status_code == 403
    assert client_of(bob).get(address).status_code == 404


def test_of_an_archived_record_nothing_is_added(clinic: Clinic, alice: User) -> None:
    patient: Any = PatientFactory(clinic=clinic, archived_at=timezone.now())

    page = client_of(alice).get(url(patient)).content.decode()

    assert "Add for this patient" not in page
    assert "There is no plan yet" in page


def test_a_minor_is_named_as_one(clinic: Clinic) -> None:
    born = timezone.localdate() - timedelta(days=16 * 366)
    patient = PatientFactory(clinic=clinic, date_of_birth=born)

    page = client_of(UserFactory(role=Role.RECEPTIONIST, clinic=clinic)).get(url(patient))

    assert "Minor, 1" in visible(page)
