"""What a merge does with messages, addresses and words about them."""

from datetime import time, timedelta

import pytest

from aftercare.models import Message
from aftercare.texts import links
from clinic.models import Clinic, User
from patients.models import Patient
from sessions.ical import appointment
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    AddressConsentFactory,
    CareStepFactory,
    ContactConsentFactory,
)
from tests.patients.merging import make_twins, merge, twins

pytestmark = pytest.mark.django_db


def uid_of(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if line.startswith((b"UID:", b"SEQUENCE:"))]


def test_what_waits_goes_to_the_kept_record_and_links_lead_there(
    booking: Booking, another_booking: Booking
) -> None:
    CareStepFactory(anchor="STARTS", offset=-2 * DAY, channel_policy="EMAIL")
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    kept, merged = make_twins(booking, another_booking)
    for patient in (kept, merged):
        ContactConsentFactory(patient=patient)
    session = another_booking.book(NINE)
    message = Message.objects.get(session=session)
    link, sent = links.page(message), appointment(session)
    Patient.objects.filter(pk=kept.pk).update(time_zone="America/New_York", email="new@x.example")

    merge(kept, merged, booking.practitioner, at=NINE - 60 * HOUR, email="kept")

    message.refresh_from_db()
    kept.refresh_from_db()
    assert (message.patient, message.address) == (kept, "new@x.example")
    assert links.message_for(link.rstrip("/").rpartition("/")[2]).patient == kept  # type: ignore[union-attr]
    again = appointment(TreatmentSession.objects.get(pk=session.pk))
    assert uid_of(again) == uid_of(sent)
    assert b"mailto:new@x.example" in again.replace(b"\r\n ", b"")
    local = message.due_at.astimezone(kept.zone)
    assert 8 <= local.hour < 21  # planned again, outside of the quiet hours of the kept record


def test_the_newest_word_of_both_records_counts(clinic: Clinic, alice: User) -> None:
    kept, merged = twins(clinic)
    ContactConsentFactory(patient=kept, recorded_at=NINE - 2 * DAY)
    ContactConsentFactory(patient=merged, recorded_at=NINE - DAY, granted=False)

    merge(kept, merged, alice)

    assert [word.granted for word in kept.contact_consents.current()] == [False]


@pytest.mark.parametrize(
    ("source", "agreed_since", "counts"),
    [("REPLY", False, True), ("REPLY", True, False), ("HARD_BOUNCE", False, False)],
)
def test_a_no_at_an_address_that_is_given_up_stays_a_no(
    clinic: Clinic, alice: User, source: str, agreed_since: bool, counts: bool
) -> None:
    kept, merged = twins(clinic, mobile=("+4915123456789", "+4915123456780"))
    said_at = NINE - 5 * DAY
    AddressConsentFactory(
        channel="SMS", address="+4915123456780", source=source, granted=False, recorded_at=said_at
    )
    agreed_at = said_at + timedelta(microseconds=1) if agreed_since else said_at
    ContactConsentFactory(patient=kept, channel="SMS", recorded_at=agreed_at)

    merge(kept, merged, alice, mobile="kept")

    [newest] = kept.contact_consents.current()
    assert newest.granted is not counts
    assert ("+4915123456780" in newest.wording) is counts
