"""The admin asks before a clinic's zone moves every shown time, and says what was planned anew."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Message, MessageStatus
from clinic.models import Clinic, User
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import CareStepFactory, ContactConsentFactory
from tests.support.forms import opened
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(row: Any) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk])


@kept
def ahead(booking: Booking) -> TreatmentSession:
    """A session in twenty days, with a reminder by e-mail that waits: at any season it would be
    due in the quiet hours, thirty hours before noon."""
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    booking.plan.patient.clinic.refresh_from_db()
    CareStepFactory(anchor="STARTS", offset=-30 * HOUR, useful_for=20 * HOUR)
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    here = timezone.now().astimezone(booking.plan.clinic.zone)
    noon = here.replace(hour=12, minute=0, second=0, microsecond=0)
    session = booking.book(noon + timedelta(days=20), at=timezone.now())
    assert Message.objects.filter(status=MessageStatus.PENDING).count() == 1
    return session


def test_another_zone_is_saved_once_somebody_has_read_what_moves(
    ahead: TreatmentSession, manager: User
) -> None:
    client, page = client_of(manager), page_of(ahead.clinic)
    data = opened(client, page) | {"time_zone": "Asia/Tokyo", "phone": "+49 30 5550199"}
    due = Message.objects.get().due_at

    asked = client.post(page, data)
    shown = asked.content.decode()
    assert asked.status_code == 200
    assert Clinic.objects.get(pk=ahead.clinic_id).time_zone == "Europe/Berlin"
    assert Message.objects.get().due_at == due
    assert "From Berlin time to Tokyo time every shown time moves: 1 session ahead" in shown
    assert "+49 30 5550199" in shown  # nothing typed is lost
    assert 'name="_zone_understood"' in shown
    assert "successfully" not in shown

    done = client.post(page, data | {"_zone_understood": "on"}, follow=True)
    assert Clinic.objects.get(pk=ahead.clinic_id).time_zone == "Asia/Tokyo"
    assert "1 message waits, planned anew" in done.content.decode()


def test_a_zone_with_the_same_clock_moves_no_session(
    ahead: TreatmentSession, manager: User
) -> None:
    client, page = client_of(manager), page_of(ahead.clinic)
    asked = client.post(page, opened(client, page) | {"time_zone": "Europe/Paris"})
    assert "0 sessions ahead" in asked.content.decode()


def test_other_changes_of_a_clinic_ask_nothing(ahead: TreatmentSession, manager: User) -> None:
    client, page = client_of(manager), page_of(ahead.clinic)
    form = opened(client, page)
    assert "_zone_understood" not in form
    done = client.post(page, form | {"phone": "+49 30 5550199"}, follow=True)
    assert Clinic.objects.get(pk=ahead.clinic_id).phone
    assert "planned anew" not in done.content.decode()

    quiet = opened(client, page) | {"quiet_from": "06:00", "quiet_until": "23:30"}
    done = client.post(page, quiet, follow=True)
    told = done.content.decode()
    assert "1 message waits, planned anew with what is recorded now: 1 message moves" in told


@pytest.mark.parametrize(
    ("field", "value", "became"),
    [
        ("email", "new@patients.example", "none changes"),
        ("mobile", "+4915199999999", "none changes"),
        ("language", "es", "none changes"),
        ("time_zone", "Pacific/Honolulu", "1 message moves"),
    ],
)
def test_a_patients_page_says_what_became_of_what_waits(
    booking: Booking, ahead: TreatmentSession, dana: User, field: str, value: str, became: str
) -> None:
    client, page = client_of(dana), page_of(booking.plan.patient)
    done = client.post(page, opened(client, page) | {field: value}, follow=True)
    booking.plan.patient.refresh_from_db()
    assert str(getattr(booking.plan.patient, field)) == value
    told = f"1 message waits, planned anew with what is recorded now: {became}"
    assert told in done.content.decode()


def test_a_patients_page_is_silent_about_messages_if_nothing_that_they_follow_changes(
    booking: Booking, ahead: TreatmentSession, dana: User
) -> None:
    client, page = client_of(dana), page_of(booking.plan.patient)
    done = client.post(page, opened(client, page) | {"given_name": "Ada"}, follow=True)
    assert "successfully" in done.content.decode()
    assert "planned anew" not in done.content.decode()


def test_a_word_of_the_patient_says_what_became_of_what_waits(
    booking: Booking, ahead: TreatmentSession, dana: User
) -> None:
    client, patient = client_of(dana), booking.plan.patient
    page = reverse("admin:patients_contactconsent_add")
    word = {"patient": patient.pk, "channel": "SMS", "wording": "May we write?", "granted": "on"}
    done = client.post(page, opened(client, page) | word, follow=True)
    assert "1 message waits, planned anew" in done.content.decode()
