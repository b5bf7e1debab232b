"""Bookings in calendars that are not ours: complete, stable, and without a clinical word."""

from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from typing import Any

import pytest
import vobject
from icalendar import Calendar

from aftercare.dispatch import run as dispatch
from aftercare.models import Anchor
from clinic.models import User
from patients.models import Channel
from sessions import services
from sessions.ical import appointment, chains, feed
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, CareStepFactory, ContactConsentFactory, TemplateFactory
from tests.scheduling.calendar import events, private_words
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db


def moved(session: TreatmentSession, by: User, to: datetime) -> TreatmentSession:
    return services.reschedule_session(session_id=session.pk, starts_at=to, at=NINE - DAY, by=by)


def test_an_appointment_says_when_where_and_whom_to_call(booking: Booking) -> None:
    clinic = booking.plan.clinic
    clinic.address = "Hauptstr. 1, 10115 Berlin"
    session = booking.book()
    session.clinic = clinic

    content = appointment(session)

    calendar = Calendar.from_ical(content)
    (event,) = events(content)
    assert calendar["METHOD"] == "REQUEST"
    assert event["SUMMARY"] == "Riverside Skin Clinic"
    assert event["LOCATION"] == "Hauptstr. 1, 10115 Berlin"
    assert "+49 30 12345678" in event["DESCRIPTION"]
    assert event["ORGANIZER"] == "mailto:hello@clinic.example"
    assert (event.start, event.end) == (session.starts_at, session.ends_at)
    assert event["ATTENDEE"] == f"mailto:{session.patient.email}"
    assert event["ATTENDEE"].params == {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    assert event["UID"] == str(session.pk)
    assert event["SEQUENCE"] == 0
    assert event["STATUS"] == "CONFIRMED"
    assert event["CLASS"] == "PRIVATE"


def test_an_appointment_has_no_private_word(booking: Booking) -> None:
    session = booking.book()

    text = appointment(session).decode().lower()

    text = text.replace(f"mailto:{session.patient.email}".lower(), "")  # it is sent to them
    assert [word for word in private_words(session) if word.lower() in text] == []


# where a clock is put forward or back, and when (UTC)
CHANGES = {
    "Europe/Berlin": ["2030-03-31T01:00", "2030-10-27T01:00"],
    "America/New_York": ["2030-03-10T07:00", "2030-11-03T06:00"],
    "Australia/Lord_Howe": ["2030-04-06T15:00", "2030-10-05T15:30"],
    "America/St_Johns": ["2030-03-10T05:30", "2030-11-03T04:30"],
    "Pacific/Chatham": ["2030-04-06T14:00", "2030-09-28T14:00"],
    "Africa/Cairo": ["2030-04-25T22:00", "2030-10-31T21:00"],
    "Asia/Kathmandu": ["2030-01-07T00:00", "2030-07-07T00:00"],  # never
}


def test_every_start_around_every_change_of_the_clock_is_read_as_the_same_instant(
    booking: Booking, alice: User
) -> None:
    """By two libraries that know nothing of each other, in the patient's file and in the feed."""
    session, clinic = booking.book(), booking.plan.clinic
    failures, tried = [], 0
    for zone, changes in CHANGES.items():
        clinic.time_zone = session.patient.time_zone = zone
        session.clinic = session.patient.clinic = clinic
        for change in changes:
            for quarter in range(-48, 49):
                around = datetime.fromisoformat(change).replace(tzinfo=UTC)
                session.starts_at = around + quarter * timedelta(minutes=15)
                session.ends_at = session.starts_at + HOUR
                content = appointment(session)
                tried += 1
                for read in (read_by_icalendar, read_by_vobject):
                    if read(content) != [(session.starts_at, session.ends_at)]:
                        failures.append((zone, session.starts_at, read(content)))
    TreatmentSession.objects.update(starts_at=NINE, ends_at=NINE + HOUR)
    for read in (read_by_icalendar, read_by_vobject):
        assert read(feed(alice, at=NINE)) == [(NINE, NINE + HOUR)]

    assert tried == 7 * 2 * 97
    assert failures == []


def read_by_icalendar(content: bytes) -> list[tuple[datetime, datetime]]:
    return [(event.start, event.end) for event in events(content)]


def read_by_vobject(content: bytes) -> list[tuple[datetime, datetime]]:
    calendar = vobject.readOne(content.decode())
    return [(event.dtstart.value, event.dtend.value) for event in calendar.vevent_list]


def test_a_file_for_a_patient_elsewhere_names_the_clinics_clock(booking: Booking) -> None:
    session = booking.book()
    session.patient.time_zone = "America/New_York"
    (english,) = events(appointment(session))
    session.patient.language = "es"
    (spanish,) = events(appointment(session))

    assert english["DESCRIPTION"].startswith("7 Jan 2030, 10:00 (Berlin time)\n")
    assert "10:00 (hora de Berlín)\n" in spanish["DESCRIPTION"]


@pytest.mark.parametrize(
    ("name", "address", "place"),
    [
        ("Laser & Needling", "Laser Centre, Hauptstr. 1", "Hauptstr. 1"),
        ("Acne Studio", "", "Riverside"),
        ("Riverside Skin Clinic", "Hauptstr. 1, Berlin", "Hauptstr. 1, Berlin"),
    ],
)
def test_a_clinic_whose_name_tells_what_it_treats_is_not_named(
    booking: Booking, alice: User, name: str, address: str, place: str
) -> None:
    clinic = booking.plan.clinic
    clinic.name, clinic.address = name, address
    clinic.save()
    booking.room.name = "Needling 1"
    booking.room.save()
    booking.book()
    session = TreatmentSession.objects.get()

    for content in (appointment(session), feed(alice, at=NINE)):
        (event,) = events(content)
        assert event["LOCATION"] == place
        words = content.decode().lower()
        assert not any(word in words for word in ("needl", "laser", "acne"))


def test_a_moved_session_keeps_its_uid_and_counts_its_moves(booking: Booking, alice: User) -> None:
    first = booking.book()
    second = moved(first, alice, NINE + DAY)
    third = moved(second, alice, NINE + 2 * DAY)

    entries = [events(appointment(session))[0] for session in (first, second, third)]

    assert {entry["UID"] for entry in entries} == {str(first.pk)}
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1, 2]
    assert entries[2].start == NINE + 2 * DAY


def test_the_same_booking_makes_the_same_bytes(booking: Booking) -> None:
    session = booking.book()

    assert appointment(session) == appointment(TreatmentSession.objects.get(pk=session.pk))


def test_chains_are_found_in_one_query(
    booking: Booking, alice: User, django_assert_num_queries: Any
) -> None:
    first = booking.book()
    last = moved(moved(first, alice, NINE + DAY), alice, NINE + 2 * DAY)
    alone = booking.book(NINE + 40 * DAY)

    with django_assert_num_queries(1):
        found = chains([last, alone])

    assert (found[last.pk].first, found[last.pk].moves) == (first.pk, 2)
    assert (found[alone.pk].first, found[alone.pk].moves) == (alone.pk, 0)


def sent_mails(smtp: SmtpServer, booking: Booking, *anchors: Anchor) -> list[Any]:
    """What goes out for a booking, and for moving it, with one step at each of these anchors."""
    for anchor in anchors:
        offset = -DAY if anchor == Anchor.STARTS else timedelta(0)
        TemplateFactory(step=CareStepFactory(anchor=anchor, offset=offset))
    ContactConsentFactory(patient=booking.plan.patient, channel=Channel.EMAIL)
    session = booking.book()
    dispatch.send_due(clock=lambda: NINE - 3 * DAY)
    moved(session, booking.practitioner, NINE + DAY)
    dispatch.send_due(clock=lambda: NINE - DAY)
    dispatch.send_due(clock=lambda: NINE)
    return [message_from_string(mail, policy=policy.default) for mail in smtp.accepted]


def test_the_confirmation_brings_the_appointment_and_a_move_replaces_it(
    smtp: SmtpServer, booking: Booking
) -> None:
    mails = sent_mails(smtp, booking, Anchor.BOOKED, Anchor.MOVED)

    entries = []
    for mail in mails:
        (attached,) = mail.iter_attachments()
        assert attached.get_content_type() == "text/calendar"
        assert attached["Content-Type"].params["method"] == "REQUEST"
        assert attached.get_filename() == "appointment.ics"
        entries += events(attached.get_content().encode())
    assert [entry.start for entry in entries] == [NINE, NINE + DAY]
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1]
    assert entries[0]["UID"] == entries[1]["UID"]


def test_other_mails_bring_no_appointment(smtp: SmtpServer, booking: Booking) -> None:
    mails = sent_mails(smtp, booking, Anchor.STARTS)

    assert mails
    assert [list(mail.iter_attachments()) for mail in mails] == [[] for _ in mails]
