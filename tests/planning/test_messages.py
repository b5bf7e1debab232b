"""What is planned when a session moves, and what staff can do about a message."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rest_framework.test import APIClient

from aftercare import services
from aftercare.models import Anchor, Message, MessageStatus
from aftercare.planning import plan as planning
from clinic.models import Clinic, User
from sessions.lifecycle import Status
from tests.conftest import Booking, client_of
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    MessageFactory,
)
from tests.support.accesses import RECORDED
from tests.support.kept import kept


@kept
def sequence(db: None) -> None:
    """One step before, one at the booking, two after."""
    CareStepFactory(code="booked", anchor=Anchor.BOOKED)
    CareStepFactory(code="before", anchor=Anchor.STARTS, offset=-2 * DAY, channel_policy="BOTH")
    CareStepFactory(code="after-0h", anchor=Anchor.COMPLETED, channel_policy="BOTH")
    CareStepFactory(code="after-72h", anchor=Anchor.COMPLETED, offset=3 * DAY)
    CareStepFactory(code="unused", anchor=Anchor.COMPLETED, is_active=False)


def outbox(**wanted: Any) -> set[tuple[str, str, str]]:
    rows = Message.objects.filter(**wanted)
    return set(rows.values_list("step__code", "channel", "status"))


@pytest.mark.usefixtures("sequence")
def test_booking_plans_the_reminders(booking: Booking) -> None:
    session = booking.book()

    assert outbox() == {
        ("booked", "EMAIL", "PENDING"),
        ("before", "EMAIL", "PENDING"),
        ("before", "SMS", "PENDING"),
    }
    reminder = Message.objects.filter(step__code="before")[0]
    assert reminder.due_at == NINE - 2 * DAY
    assert reminder.expires_at == NINE - DAY
    assert (reminder.session, reminder.patient) == (session, session.patient)


@pytest.mark.usefixtures("sequence")
def test_completing_ends_the_reminders_and_plans_the_aftercare(booking: Booking) -> None:
    session = booking.completed()

    assert outbox() == {
        ("booked", "EMAIL", "CANCELLED"),
        ("before", "EMAIL", "CANCELLED"),
        ("before", "SMS", "CANCELLED"),
        ("after-0h", "EMAIL", "PENDING"),
        ("after-0h", "SMS", "PENDING"),
        ("after-72h", "EMAIL", "PENDING"),
    }
    due = {m.step.code: m.due_at for m in Message.objects.filter(status="PENDING")}
    assert due == {"after-0h": session.completed_at, "after-72h": NINE + 3 * DAY}


@pytest.mark.usefixtures("sequence")
def test_cancelling_cancels_what_waits_and_says_why(booking: Booking) -> None:
    session = booking.book()

    booking.move(session, Status.CANCELLED)

    assert {status for _, _, status in outbox()} == {"CANCELLED"}
    assert set(Message.objects.values_list("reason", flat=True)) == {"the session is cancelled"}


@pytest.mark.usefixtures("sequence")
def test_rescheduling_leaves_only_the_new_reminders(booking: Booking, alice: User) -> None:
    from sessions.services import reschedule_session

    old = booking.book()

    new = reschedule_session(
        session_id=old.pk, starts_at=NINE + 7 * DAY, at=NINE - 3 * DAY, by=alice
    )

    assert {status for _, _, status in outbox(session=old)} == {"CANCELLED"}
    assert {status for _, _, status in outbox(session=new)} == {"PENDING"}


@pytest.mark.usefixtures("sequence")
def test_a_refused_booking_plans_nothing(booking: Booking) -> None:
    booking.book()
    planned = Message.objects.count()

    with pytest.raises(Exception, match="28 days"):
        booking.book(NINE + DAY)

    assert Message.objects.count() == planned


@pytest.mark.usefixtures("sequence")
def test_planning_twice_plans_once(booking: Booking) -> None:
    session = booking.book()
    for _ in range(2):
        planning.plan_messages(session=session, anchors=[Anchor.STARTS], at=NINE - 3 * DAY)

    assert Message.objects.count() == 3


@pytest.mark.usefixtures("sequence")
def test_a_reminder_that_would_be_late_is_sent_at_once_or_left_out(booking: Booking) -> None:
    at = NINE - 2 * DAY + HOUR
    booking.book(at=at)
    assert {m.due_at for m in Message.objects.filter(step__code="before")} == {at}
    Message.objects.all().delete()

    booking.book(NINE + 28 * DAY, at=NINE + 28 * DAY - HOUR)

    assert outbox() == {("booked", "EMAIL", "PENDING")}


def test_offsets_are_counted_on_the_patients_wall_clock(booking: Booking) -> None:
    """Two days before 10:00 is 10:00, though the clocks change in between."""
    CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY)
    start = datetime(2030, 4, 1, 8, tzinfo=UTC)  # Monday 10:00 in Berlin, the day after the change

    booking.book(start)

    due = Message.objects.get().due_at
    assert due == datetime(2030, 3, 30, 9, tzinfo=UTC)
    assert due.astimezone(ZoneInfo("Europe/Berlin")).hour == 10


@pytest.mark.parametrize(
    ("patients_zone", "offset", "due"),
    [
        ("", DAY, datetime(2030, 1, 8, 7, 30, tzinfo=UTC)),  # of the clinic: Berlin
        ("Atlantic/Canary", DAY, datetime(2030, 1, 8, 8, 30, tzinfo=UTC)),
        ("America/New_York", 3 * DAY, datetime(2030, 1, 10, 13, 30, tzinfo=UTC)),
        ("Asia/Tokyo", DAY, datetime(2030, 1, 7, 23, 30, tzinfo=UTC)),
        ("", 84 * DAY, datetime(2030, 4, 1, 6, 30, tzinfo=UTC)),  # the day after the change
    ],
)
def test_a_text_of_a_day_goes_out_at_its_hour_on_the_patients_clock(
    booking: Booking, patients_zone: str, offset: timedelta, due: datetime
) -> None:
    """Whatever the hour of the treatment was: 10:00 on Monday 7 January in Berlin."""
    booking.plan.patient.time_zone = patients_zone
    booking.plan.patient.save()
    CareStepFactory(anchor=Anchor.COMPLETED, offset=offset, at_time=time(8, 30))

    booking.completed()

    assert Message.objects.get().due_at == due


def test_a_hurried_demo_shrinks_days_to_seconds(booking: Booking, settings: Any) -> None:
    settings.DAY_SECONDS = 5
    CareStepFactory(anchor=Anchor.COMPLETED, offset=3 * DAY)
    CareStepFactory(anchor=Anchor.COMPLETED, offset=3 * DAY, at_time=time(8, 30))

    booking.completed()

    assert {message.due_at for message in Message.objects.all()} == {NINE + timedelta(seconds=15)}


MANAGE = "/api/v1/messages/{}/{}/"


@pytest.mark.django_db
def test_the_desk_cancels_resends_and_resolves(as_dana: APIClient, clinic: Clinic) -> None:
    waiting = MessageFactory(session__plan__patient__clinic=clinic)
    doubtful = MessageFactory(
        session=waiting.session, status=MessageStatus.IN_DOUBT, reason="connection lost"
    )

    cancelled = as_dana.post(MANAGE.format(waiting.pk, "cancel"))
    twice = as_dana.post(MANAGE.format(waiting.pk, "cancel"))
    again = as_dana.post(MANAGE.format(waiting.pk, "resend"))
    once_more = as_dana.post(MANAGE.format(waiting.pk, "resend"))
    early = as_dana.post(MANAGE.format(doubtful.pk, "resend"))
    unclear = as_dana.post(MANAGE.format(doubtful.pk, "resolve"), {})
    resolved = as_dana.post(MANAGE.format(doubtful.pk, "resolve"), {"delivered": True})

    assert (cancelled.json()["status"], cancelled.json()["reason"]) == (
        "CANCELLED",
        "cancelled by dana",
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "not_cancellable")
    assert (again.status_code, again.json()["occurrence"]) == (201, 2)
    assert again.json()["status"] == "PENDING"
    assert (once_more.status_code, once_more.json()["code"]) == (409, "copy_waiting")
    assert (early.status_code, early.json()["code"]) == (409, "not_resendable")
    assert unclear.status_code == 400
    assert (resolved.json()["status"], bool(resolved.json()["sent_at"])) == ("SENT", True)


@pytest.mark.django_db
def test_a_message_in_doubt_may_turn_out_not_delivered(alice: User, clinic: Clinic) -> None:
    message = MessageFactory(
        session__plan__patient__clinic=clinic, status=MessageStatus.IN_DOUBT, reason="lost"
    )

    services.resolve_message(message_id=message.pk, delivered=False, at=NINE, by=alice)

    message.refresh_from_db()
    assert (message.status, message.reason) == ("FAILED", "not delivered, says alice")
    with pytest.raises(services.NotInDoubt):
        services.resolve_message(message_id=message.pk, delivered=True, at=NINE, by=alice)


@pytest.mark.django_db
def test_messages_are_filtered_and_show_no_words(
    as_dana: APIClient, clinic: Clinic, django_assert_num_queries: Any
) -> None:
    session = MessageFactory(session__plan__patient__clinic=clinic).session
    MessageFactory.create_batch(3, session=session, channel="SMS")

    with django_assert_num_queries(1 + RECORDED):
        page = as_dana.get(
            f"/api/v1/messages/?session={session.pk}&channel=SMS&status=PENDING"
        ).json()["results"]

    assert len(page) == 3
    assert not {"body", "text", "subject"} & set(page[0])
    assert as_dana.get("/api/v1/messages/?status=NEW").status_code == 400


def test_the_shipped_sequence_covers_a_session_from_booking_to_a_year_after(
    booking: Booking, catalogue: None
) -> None:
    session = booking.completed(at=NINE - 30 * DAY)

    planned = Message.objects.filter(session=session)
    days = sorted({round((m.due_at - NINE) / DAY) for m in planned})
    assert days == [-30, -7, -2, 0, 1, 3, 7, 14, 27, 28, 90, 180, 365]
    for message in planned:
        assert message.step.templates.filter(channel=message.channel, language="en").exists()


@pytest.mark.django_db
def test_a_manager_cannot_reach_another_clinics_messages(bob: User, manager: User) -> None:
    message = MessageFactory(session__plan__patient__clinic=bob.clinics.get())

    assert client_of(manager).post(MANAGE.format(message.pk, "cancel")).status_code == 404
