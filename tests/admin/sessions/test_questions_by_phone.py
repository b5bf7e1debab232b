"""The questionnaire by the patient's phone: said before the press, sent once, and shown as it
comes back."""

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Message, MessageStatus
from aftercare.pages.ready.views import is_for
from aftercare.replies import opt_out
from aftercare.services import TooLateToAsk
from aftercare.services.ask_by_phone import way_to_ask
from aftercare.texts.links import main_page
from clinic.models import Clinic, User
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    HOUR,
    ContactConsentFactory,
    PatientFactory,
    ScreeningFactory,
    SessionFactory,
    VisitFactory,
    clinical_rules,
    this_hour,
)
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
MOBILE = "+4915112345678"


@kept
def patient(clinic: Clinic, catalogue: None) -> Patient:
    """With a treatment tomorrow at noon, who has agreed to SMS; no hour is quiet."""
    clinic.quiet_from = clinic.quiet_until = time(0)
    clinic.save()
    clinical_rules()
    found: Patient = PatientFactory(clinic=clinic, language="es", mobile=MOBILE, email="")
    ContactConsentFactory(patient=found, channel="SMS", recorded_at=timezone.now() - DAY)
    noon = this_hour().astimezone(clinic.zone).replace(hour=12)
    SessionFactory(plan__patient=found, starts_at=noon + DAY)
    return found


def words(answer: Any) -> str:
    return " ".join(visible(answer).split()).replace(" ,", ",").replace("( ", "(")


def page(user: User, patient: Patient) -> str:
    asked = reverse("admin:patients_screening_add", query={"patient": str(patient.pk)})
    return words(client_of(user).get(asked))


def state(user: User, patient: Patient) -> str:
    return words(client_of(user).get(reverse("admin:questions-state", args=[patient.pk])))


def press(user: User, patient: Patient) -> str:
    address = reverse("admin:questions-send", args=[patient.pk])
    return words(client_of(user).post(address, follow=True))


def test_it_says_where_it_goes_sends_once_and_shows_what_comes_back(
    patient: Patient, alice: User
) -> None:
    before = page(alice, patient)
    assert f"A link goes by SMS to {MOBILE}, in Spanish, and arrives within a minute." in before
    assert "Send to the patient's phone instead" in before

    assert f"On its way to {MOBILE} (SMS, Spanish), not answered yet." in press(alice, patient)
    press(alice, patient)
    message = Message.objects.get()  # once
    assert main_page(message).endswith("/ready/")

    now = timezone.now()
    Message.objects.update(status=MessageStatus.SENT, sent_at=now, ended_at=now)
    sent = state(alice, patient)
    assert f"to {MOBILE} (SMS, Spanish), not answered yet." in sent
    assert "Sent at " in sent
    assert "Send to the patient's phone" not in press(alice, patient)

    ScreeningFactory(patient=patient, taken_at=timezone.now(), taken_by=None)
    assert "A clinician goes through it with the patient" in state(alice, patient)
    ScreeningFactory(patient=patient, taken_at=timezone.now(), taken_by=alice)
    assert "Send to the patient's phone instead" in state(alice, patient)


def test_what_never_arrived_is_said_and_sent_again(patient: Patient, alice: User) -> None:
    press(alice, patient)
    message = Message.objects.get()
    Message.objects.update(status=MessageStatus.CLAIMED, worker="w", lease_until=timezone.now())
    Message.objects.update(
        status=MessageStatus.FAILED,
        worker="",
        lease_until=None,
        ended_at=timezone.now(),
        reason="unknown number",
    )
    assert "It did not reach the patient. Failed: unknown number" in page(alice, patient)
    press(alice, patient)
    assert Message.objects.exclude(pk=message.pk).get().occurrence == 2


def no_address(patient: Patient) -> None:
    Patient.objects.filter(pk=patient.pk).update(mobile="")


def no_consent(patient: Patient) -> None:
    ContactConsentFactory(patient=patient, channel="SMS", granted=False, recorded_at=timezone.now())


def opted_out(patient: Patient) -> None:
    opt_out.record(
        channel="SMS",
        address=MOBILE,
        granted=False,
        source="REPLY",
        wording="STOP",
        at=timezone.now(),
    )


def archived(patient: Patient) -> None:
    Patient.objects.filter(pk=patient.pk).update(archived_at=timezone.now())


def merged(patient: Patient) -> None:
    other = PatientFactory(clinic=patient.clinic)
    Patient.objects.filter(pk=patient.pk).update(archived_at=timezone.now(), merged_into=other)


def no_treatment(patient: Patient) -> None:
    TreatmentSession.objects.update(status=Status.CANCELLED)


def only_a_test(patient: Patient) -> None:
    plan = TreatmentSession.objects.get().plan
    TreatmentSession.objects.update(status=Status.CANCELLED)
    VisitFactory(patient=patient, plan=plan, code="test-spot", starts_at=this_hour() + DAY)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (no_address, "No address for SMS is known. No address for E-mail is known."),
        (no_consent, "The patient has not agreed to SMS."),
        (opted_out, f"No SMS goes to {MOBILE}: "),
        (archived, "This record is archived"),
        (merged, "This record was merged into another one"),
        (only_a_test, "No treatment is booked that the link could belong to."),
        (no_treatment, "No treatment is booked that the link could belong to."),
    ],
)
def test_why_it_cannot_be_sent_is_named_before_and_after_the_press(
    patient: Patient, alice: User, change: Any, why: str
) -> None:
    change(patient)
    before = state(alice, patient)
    assert why in before
    assert "Send to the patient's phone" not in before
    assert why in press(alice, patient)
    assert not Message.objects.exists()


def test_quiet_hours_hold_it_and_nobody_is_asked_after_the_visit(patient: Patient) -> None:
    clinic = patient.clinic
    clinic.quiet_from, clinic.quiet_until = time(21), time(8)
    clinic.save()
    session = TreatmentSession.objects.get()
    night = session.starts_at_local.replace(hour=23) - DAY
    assert way_to_ask(patient, at=night).due_at.astimezone(clinic.zone).hour == 8
    SessionFactory(plan__patient=patient, starts_at=night + HOUR)
    with pytest.raises(TooLateToAsk):
        way_to_ask(patient, at=night)


@pytest.mark.parametrize(
    ("status", "after", "is_asked"),
    [
        (Status.BOOKED, timedelta(hours=-1), True),
        (Status.CONFIRMED, timedelta(minutes=59), True),  # who is late still answers
        (Status.CONFIRMED, HOUR, False),
        (Status.CHECKED_IN, timedelta(minutes=5), True),
        (Status.IN_PROGRESS, timedelta(minutes=5), False),
        (Status.CANCELLED, timedelta(hours=-1), False),
    ],
)
def test_who_waits_in_the_clinic_can_answer(
    status: Status, after: timedelta, is_asked: bool
) -> None:
    starts = this_hour()
    session = TreatmentSession(
        status=status, starts_at=starts, ends_at=starts + HOUR, plan_id=uuid4()
    )
    assert is_for(Message(session=session), at=starts + after) is is_asked
