"""Who has an appointment hears that it is cancelled, and loses it from the calendar."""

from datetime import datetime, time, timedelta
from email import message_from_string, policy

import pytest

from aftercare.dispatch import run as dispatch
from aftercare.models import CareStep, Message, MessageStatus
from aftercare.planning import plan as planning
from clinic.models import Clinic
from patients.models import Channel
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, ContactConsentFactory
from tests.scheduling.calendar import events
from tests.support.doubles import SmtpServer
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def agreed(catalogue: None, booking: Booking) -> Booking:
    ContactConsentFactory(patient=booking.plan.patient, channel=Channel.EMAIL)
    return booking


def cancel(booking: Booking, session: TreatmentSession, at: datetime) -> None:
    booking.move(session, Status.CANCELLED, at=at)


def cancellations() -> list[Message]:
    return list(Message.objects.filter(step__code="cancelled").order_by("id"))


def test_the_patient_hears_it_and_the_entry_leaves_the_calendar(
    smtp: SmtpServer, agreed: Booking
) -> None:
    session = agreed.book(at=NINE - 20 * DAY)
    dispatch.send_due(clock=lambda: NINE - 20 * DAY)

    cancel(agreed, session, NINE - 10 * DAY)
    dispatch.send_due(clock=lambda: NINE - 10 * DAY)
    dispatch.send_due(clock=lambda: NINE + DAY)

    booked, cancelled = (message_from_string(m, policy=policy.default) for m in smtp.accepted)
    assert cancelled["Subject"] == "Your appointment on Monday 7 January is cancelled"
    assert "on Monday 7 January at 10:00" in cancelled.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    (before,), (file,) = (list(mail.iter_attachments()) for mail in (booked, cancelled))
    assert file["Content-Type"].params["method"] == "CANCEL"
    (entry,), (withdrawn,) = (events(part.get_content().encode()) for part in (before, file))
    assert withdrawn["UID"] == entry["UID"]
    assert withdrawn["SEQUENCE"] > entry["SEQUENCE"]
    assert withdrawn["STATUS"] == "CANCELLED"
    assert (withdrawn.start, withdrawn.end) == (entry.start, entry.end)
    assert withdrawn["ORGANIZER"] == entry["ORGANIZER"]
    assert withdrawn["ATTENDEE"] == entry["ATTENDEE"]


def test_a_moved_session_is_not_told_as_cancelled_also_after_a_new_plan(agreed: Booking) -> None:
    session = agreed.book(at=NINE - 20 * DAY)
    moved = services.reschedule_session(
        session_id=session.pk, starts_at=NINE + DAY, at=NINE - 9 * DAY, by=agreed.practitioner
    )

    planning.replan_patient(agreed.plan.patient_id, at=NINE - 9 * DAY)
    assert cancellations() == []

    cancel(agreed, moved, NINE - 5 * DAY)
    assert [message.session for message in cancellations()] == [moved]


def test_a_new_plan_leaves_a_cancellation_as_it_is(agreed: Booking) -> None:
    session = agreed.book(at=NINE - 20 * DAY)
    cancel(agreed, session, NINE - 10 * DAY)
    before = [(m.pk, m.due_at, m.status) for m in cancellations()]

    step = CareStep.objects.get(code="cancelled")
    assert not planning.replan(step, at=NINE - 10 * DAY)
    assert not planning.replan_patient(agreed.plan.patient_id, at=NINE - 10 * DAY)

    assert before == [(m.pk, m.due_at, m.status) for m in cancellations()]
    assert before[0][1:] == (NINE - 10 * DAY, MessageStatus.PENDING)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(minutes=20), True),  # on the way: above all then
        (timedelta(0), False),
        (timedelta(hours=-1), False),
    ],
)
def test_it_is_told_until_the_appointment_begins(
    agreed: Booking, before: timedelta, told: bool
) -> None:
    session = agreed.book(at=NINE - 20 * DAY)

    cancel(agreed, session, NINE - before)

    assert [m.due_at for m in cancellations()] == [NINE - before] * told


@pytest.mark.parametrize(
    ("ahead", "quiet_until", "due"),
    [
        (13, time(11), 12),  # until an hour after the visit: twelve hours before it they end
        (14, time(21, 30), 12.5),  # sooner than that
        (8, time(8), 8),
        (8, time(11), 8),
    ],
)
def test_quiet_hours_hold_a_cancellation_until_twelve_hours_before(
    agreed: Booking, ahead: float, quiet_until: time, due: float
) -> None:
    Clinic.objects.update(quiet_from=time(19), quiet_until=quiet_until)
    session = agreed.book(at=NINE - 20 * DAY)

    cancel(agreed, session, NINE - ahead * HOUR)

    (message,) = cancellations()
    assert message.due_at == NINE - due * HOUR
