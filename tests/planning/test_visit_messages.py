"""Whoever comes to talk is reminded discreetly, and gets no word about skin."""

import re
from datetime import datetime, timedelta
from email import message_from_string, policy
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.dispatch import run as dispatch
from aftercare.models import Message
from aftercare.texts import links
from clinic.models import Clinic, User
from patients.models import Patient
from patients.services import record_contact_consent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    DeviceFactory,
    PatientFactory,
    RoomFactory,
    visit_type_of,
)
from tests.scheduling.calendar import events
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SKIN = ("skin", "needl", "treat", "make-up", "shave", "cold sore", "consult")


def call(clinic: Clinic, dana: User, alice: User, code: str, **details: Any) -> TreatmentSession:
    """A caller, registered and booked by the desk three weeks ahead, who may be written to."""
    RoomFactory(clinic=clinic)
    return services.book_caller(
        visit_type=visit_type_of(clinic, code),
        starts_at=NINE,
        practitioner=alice,
        details={
            "given_name": "Eve",
            "mobile": "+4915123456789",
            "email": "eve@patients.example",
        },
        channels=["EMAIL", "SMS"],
        wording="May we write?",
        at=NINE - 21 * DAY,
        by=dana,
        **details,
    )


def planned() -> set[str]:
    return set(Message.objects.values_list("step__code", flat=True))


def send(*moments: datetime) -> None:
    for moment in moments:
        dispatch.send_due(clock=lambda moment=moment: moment)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("consultation", ""),
        ("video-consultation", "By video: https://meet.example/1"),
        ("check-by-phone", "We call you then: there is no need to come."),
    ],
)
def test_a_caller_is_reminded_without_a_word_about_skin(
    catalogue: None,
    smtp: SmtpServer,
    gateway: HttpGateway,
    clinic: Clinic,
    dana: User,
    alice: User,
    code: str,
    says: str,
) -> None:
    details = {"video_url": "https://meet.example/1"} if code.startswith("video") else {}

    call(clinic, dana, alice, code, **details)
    send(NINE - 21 * DAY, NINE - 2 * DAY, NINE - 2 * HOUR)

    assert planned() == {"booked", "visit-48h", "before-2h"}
    mails = [message_from_string(mail, policy=policy.default) for mail in smtp.accepted]
    assert len(mails) == 2
    texts = [mail.get_body(("plain",)).get_content() for mail in mails]  # type: ignore[union-attr]
    assert says in texts[1]
    seen = [text.replace(clinic.name, "") for text in texts]
    seen += [mail["Subject"] for mail in mails]
    assert not [word for word in SKIN for text in seen if word in text.lower()]
    assert not [mail for mail in mails if "meet.example" in mail["Subject"]]


JOIN = {"en": "Join the video call", "es": "Entrar en la videollamada"}
MEET = "https://meet.example/1"


@pytest.mark.parametrize("language", JOIN)
def test_a_video_call_is_found_from_every_message_and_its_page(
    catalogue: None,
    smtp: SmtpServer,
    gateway: HttpGateway,
    clinic: Clinic,
    dana: User,
    alice: User,
    language: str,
) -> None:
    session = call(clinic, dana, alice, "video-consultation", video_url=MEET)
    Patient.objects.update(language=language)
    send(NINE - 21 * DAY, NINE - 2 * DAY, NINE - 2 * HOUR)
    mails = [message_from_string(mail, policy=policy.default) for mail in smtp.accepted]
    booked, reminder = (mail.get_body(("plain",)).get_content() for mail in mails)  # type: ignore[union-attr]
    [attached] = mails[0].iter_attachments()
    [entry] = events(attached.get_content().encode())

    # the file and the reminder say it, SMS and subjects do not: they lead to the page
    assert (entry["LOCATION"], entry["CLASS"]) == (MEET, "PRIVATE")
    assert MEET not in f"{entry['SUMMARY']} {[mail['Subject'] for mail in mails]}"
    assert MEET in reminder
    texts = [sms["text"] for sms in gateway.json()]
    assert len(texts) == 2
    assert not [text for text in texts if MEET in text]
    links_in = [re.search(r"/p/[^/\s]+/", text) for text in [booked, reminder, *texts]]
    started = timezone.now() - MINUTE
    for starts_at, seen in ((NINE, True), (started, True), (started - HOUR, False)):
        begin(session, starts_at)
        for found in links_in:
            assert found
            for part in ("", "visit/"):
                page = Client().get(f"{found[0]}{part}").content.decode()
                assert (MEET in page, JOIN[language] in page) == (seen, seen)


def begin(session: TreatmentSession, starts_at: datetime) -> None:
    lasts = session.ends_at - session.starts_at
    times = dict.fromkeys(("occupied_from", "starts_at"), starts_at)
    times |= dict.fromkeys(("ends_at", "released_at"), starts_at + lasts)
    TreatmentSession.objects.filter(pk=session.pk).update(**times)


def test_after_a_visit_nothing_is_told_of_the_skin(
    catalogue: None, clinic: Clinic, dana: User, alice: User
) -> None:
    session = call(clinic, dana, alice, "consultation")

    for status in (Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED):
        services.move_session(session_id=session.pk, to=status, at=NINE, by=alice)

    assert not Message.objects.open().exists()
    page = Client().get(f"/p/{links.token_for(Message.objects.all()[0])}/").content.decode()
    assert "if you see pus" not in page
    assert planned() == {"booked", "visit-48h", "before-2h"}
    assert Patient.objects.get().date_of_birth is None


def test_who_had_a_spot_tested_is_told_the_signs_and_asked_on_the_third_day(
    catalogue: None, clinic: Clinic, dana: User, alice: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    patient = PatientFactory(clinic=clinic, time_zone="Europe/London")
    agree(patient, dana)
    session = services.book_visit(
        visit_type=visit_type_of(clinic, "test-spot"),
        patient=patient,
        starts_at=NINE,
        practitioner=alice,
        room=RoomFactory(clinic=clinic),
        device=DeviceFactory(clinic=clinic),
        at=NINE - DAY,
        by=dana,
    )

    for status in (Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED):
        services.move_session(session_id=session.pk, to=status, at=NINE, by=alice)

    watched = Message.objects.filter(step__code__startswith="test-").order_by("due_at", "channel")
    assert list(watched.values_list("step__code", "channel", "due_at")) == [
        ("test-0h", "EMAIL", NINE),
        ("test-0h", "SMS", NINE),
        ("test-72h", "EMAIL", (NINE + 3 * DAY).replace(hour=8, minute=30)),
    ]
    assert not planned() & {"after-0h", "after-24h", "after-72h"}
    send(NINE)
    assert "if you see pus" in smtp.accepted[-1]
    assert "Fever, pus, blisters" in gateway.json()[-1]["text"]


def test_a_treatment_has_its_own_reminder(catalogue: None, booking: Booking, dana: User) -> None:
    """The control: the steps of before, and none of the others."""
    patient = booking.plan.patient
    agree(patient, dana)

    booking.book(at=NINE - timedelta(days=21))

    assert {"booked", "before-7d", "before-48h", "before-2h"} == planned()


def agree(patient: Patient, by: User) -> None:
    for channel in ("EMAIL", "SMS"):
        record_contact_consent(
            patient_id=patient.pk,
            channel=channel,
            purpose="CARE",
            granted=True,
            wording="May we write?",
            at=NINE - 21 * DAY,
            by=by,
        )
