"""Every change of a visit that its patient must hear of has a message, or a task for who calls."""

from datetime import time
from email import message_from_string, policy
from typing import Any

import pytest

from aftercare.dispatch import run as dispatch
from aftercare.models import Message
from clinic.models import Clinic
from patients.models import Channel, Patient, StaffTask
from sessions import services
from sessions.lifecycle import NEXT, SIGNED, Status
from sessions.models import TreatmentSession
from sessions.signals import session_moved
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, ContactConsentFactory, SessionFactory
from tests.scheduling.calendar import events
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
EARLIER = NINE - 10 * DAY
# What a patient does or sees happen, and of which nobody has to tell.
SEEN = {Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS}
STEPS = {
    Status.CANCELLED: "cancelled",
    Status.NO_SHOW: "missed",
    Status.COMPLETED: "after-0h",
    Status.ABORTED: "aborted-0h",
}
MOVES = [(old, new) for old in NEXT for new in sorted(NEXT[old])]


def test_every_status_is_told_of_or_seen() -> None:
    assert SEEN | STEPS.keys() | {Status.BOOKED} == set(Status)


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_what_must_be_heard_of_a_move_has_a_message(
    catalogue: None, booking: Booking, old: Status, new: Status
) -> None:
    session = booking.charted() if new in SIGNED else booking.book()
    Message.objects.all().delete()
    stamp = {Status.COMPLETED: "completed_at", Status.ABORTED: "aborted_at"}.get(new)
    fields: dict[str, Any] = {"status": new, **({stamp: NINE} if stamp else {})}
    for name, value in fields.items():
        setattr(session, name, value)  # what listeners are shown

    at = NINE - HOUR if new == Status.CANCELLED else NINE
    session_moved.send(
        TreatmentSession, session=session, old=old, new=new, at=at, by=None, reschedules=False
    )

    planned = set(Message.objects.values_list("step__code", flat=True))
    assert (STEPS[new] in planned) if new in STEPS else not planned


def reschedule(session: TreatmentSession, booking: Booking, **changes: Any) -> TreatmentSession:
    details = {"starts_at": NINE + DAY, "at": EARLIER, "by": booking.practitioner}
    return services.reschedule_session(session_id=session.pk, **{**details, **changes})


def test_who_is_moved_reads_the_old_and_the_new_time(
    smtp: SmtpServer, gateway: HttpGateway, catalogue: None, booking: Booking
) -> None:
    for channel in Channel:
        ContactConsentFactory(patient=booking.plan.patient, channel=channel)
    session = booking.book(at=NINE - 20 * DAY)
    dispatch.send_due(clock=lambda: NINE - 20 * DAY)

    reschedule(session, booking)
    dispatch.send_due(clock=lambda: EARLIER)

    _, moved = (message_from_string(mail, policy=policy.default) for mail in smtp.accepted)
    assert moved["Subject"] == "Your appointment is now on Tuesday 8 January at 10:00"
    text = moved.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "no longer on" in text
    assert "Monday 7 January at 10:00" in text
    (attached,) = moved.iter_attachments()
    (entry,) = events(attached.get_content().encode())
    assert (entry.start, entry["SEQUENCE"]) == (NINE + DAY, 1)
    (sms,) = gateway.json()
    assert "your visit is now on Tue 8 January, 10:00" in sms["text"]
    assert set(Message.objects.values_list("step__code", flat=True)) >= {"booked", "moved"}
    assert not StaffTask.objects.exists()


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_announcement_tells_a_lock_screen_nothing(
    smtp: SmtpServer, catalogue: None, booking: Booking, language: str
) -> None:
    Patient.objects.update(language=language)
    ContactConsentFactory(patient=booking.plan.patient, channel=Channel.EMAIL)

    reschedule(booking.book(at=NINE - 20 * DAY), booking)
    dispatch.send_due(clock=lambda: EARLIER)

    for mail in smtp.accepted:
        read = message_from_string(mail, policy=policy.default)
        assert not {"needl", "skin", "piel", "aguja"} & set(str(read["Subject"]).lower().split())


@pytest.mark.parametrize("change", ["cancelled", "moved"])
def test_whom_no_channel_reaches_somebody_calls(
    catalogue: None, booking: Booking, change: str
) -> None:
    session = booking.book(at=NINE - 20 * DAY)

    if change == "moved":
        reschedule(session, booking)
    else:
        booking.move(session, Status.CANCELLED, at=EARLIER)
    dispatch.send_due(clock=lambda: EARLIER)

    task = StaffTask.objects.get()
    assert task.title.startswith("Tell by phone: ")
    assert task.patient == booking.plan.patient


def test_whom_one_channel_reaches_nobody_has_to_call(
    smtp: SmtpServer, catalogue: None, booking: Booking
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel=Channel.EMAIL)

    reschedule(booking.book(at=NINE - 20 * DAY), booking)
    dispatch.send_due(clock=lambda: EARLIER)

    assert not StaffTask.objects.exists()


def test_a_move_in_the_night_before_the_old_time_is_a_task(
    catalogue: None, booking: Booking
) -> None:
    """Quiet until 8, and the old time is at 7: nobody would read it before setting out."""
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    seven = NINE - 3 * HOUR  # 06:00 UTC is 07:00 in Berlin
    old = SessionFactory(plan=booking.plan, starts_at=seven, status=Status.CANCELLED)
    new = SessionFactory(plan=booking.plan, starts_at=NINE + DAY, rescheduled_from=old)

    moved = TreatmentSession.objects.get(pk=new.pk)  # with its clinic as it is now
    session_moved.send(
        TreatmentSession, session=moved, old="", new="BOOKED", at=seven - 8 * HOUR, by=None
    )

    announced = Message.objects.filter(step__code="moved")
    assert {message.status for message in announced} == {"EXPIRED"}
    assert StaffTask.objects.filter(title__startswith="Tell by phone").exists()
