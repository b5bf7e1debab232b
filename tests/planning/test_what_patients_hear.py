"""Every change of a visit that its patient must hear of has a message, or a task for who calls."""

from datetime import time, timedelta
from email import message_from_string, policy
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.dispatch import run as dispatch
from aftercare.models import ANNOUNCES, CareStep, Message
from aftercare.planning import plan as planning
from clinic.models import Clinic, User
from patients.models import Channel, Patient, StaffTask
from sessions import services
from sessions.lifecycle import (
    Status,
)
from sessions.models import TreatmentSession
from sessions.signals import session_moved
from tests.admin.pages import client_of as admin_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ContactConsentFactory,
    MessageFactory,
    SessionFactory,
)
from tests.scheduling.calendar import events
from tests.support.doubles import HttpGateway, SmtpServer
from tests.support.forms import send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
EARLIER = NINE - 10 * DAY


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


QUIET = {"quiet_from": time(0), "quiet_until": time(23, 59)}


def announced(status: str = "PENDING") -> list[str]:
    """The channels of what announces a visit that is cancelled or moved."""
    rows = Message.objects.filter(step__anchor__in=ANNOUNCES, status=status)
    return sorted(rows.values_list("channel", flat=True))


@kept
def reachable(catalogue: None, booking: Booking) -> Patient:
    """By both channels."""
    for channel in Channel:
        ContactConsentFactory(patient=booking.plan.patient, channel=channel)
    return booking.plan.patient


@pytest.mark.parametrize(("early", "channels"), [(0, ["EMAIL", "SMS"]), (1, ["EMAIL"])])
def test_within_two_days_a_cancellation_goes_by_both_channels(
    reachable: Patient, booking: Booking, early: int, channels: list[str]
) -> None:
    at = NINE - 2 * DAY - timedelta(seconds=early)

    booking.move(booking.book(), Status.CANCELLED, at=at)

    assert announced() == channels
    assert not planning.replan_patient(reachable.pk, at=at + HOUR)


@pytest.mark.parametrize(("early", "is_sent"), [(0, True), (1, False)])
@pytest.mark.parametrize("change", ["cancelled", "moved"])
def test_only_what_is_far_ahead_waits_for_the_end_of_quiet_hours(
    smtp: SmtpServer,
    gateway: HttpGateway,
    reachable: Patient,
    booking: Booking,
    change: str,
    early: int,
    is_sent: bool,
) -> None:
    session = booking.book(at=NINE - 20 * DAY)
    Message.objects.all().delete()
    Clinic.objects.update(**QUIET)
    at = NINE - 12 * HOUR - timedelta(seconds=early)

    if change == "moved":
        reschedule(session, booking, at=at)
    else:
        booking.move(session, Status.CANCELLED, at=at)
    dispatch.send_due(clock=lambda: at)

    assert announced("SENT") == (["EMAIL", "SMS"] if is_sent else [])


def test_the_sms_limit_does_not_count_what_must_be_heard(
    smtp: SmtpServer, gateway: HttpGateway, reachable: Patient, booking: Booking
) -> None:
    CareStep.objects.update(is_safety=False)  # as a clinic may have it
    at = NINE - HOUR
    session = booking.book()
    MessageFactory(session=session, channel="SMS", status="SENT", sent_at=at - HOUR)

    booking.move(session, Status.CANCELLED, at=at)
    dispatch.send_due(clock=lambda: at)

    assert announced("SENT") == ["EMAIL", "SMS"]


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
def test_what_the_patient_knows_already_is_not_announced(
    reachable: Patient, booking: Booking, as_dana: APIClient, change: str
) -> None:
    soon = timezone.now().replace(microsecond=0) + 30 * DAY
    session = booking.book(soon)
    details = {"starts_at": (soon + DAY).isoformat()} if change == "reschedule" else {}

    path = f"/api/v1/sessions/{session.pk}/{change}/"
    done = as_dana.post(path, {"patient_knows": True, **details})

    assert done.status_code in (200, 201)
    assert announced() == []
    left_out = Message.objects.filter(step__anchor__in=ANNOUNCES)
    assert {message.reason for message in left_out} == {"the patient knows already"}
    planning.replan_patient(reachable.pk, at=timezone.now())
    assert announced() == []
    assert not StaffTask.objects.filter(title__startswith="Tell by phone").open().exists()


def test_what_the_patient_knows_is_ticked_in_the_admin(
    reachable: Patient, booking: Booking, dana: User
) -> None:
    session = booking.book(timezone.now() + 30 * DAY)
    page = f"/admin/treatment_sessions/treatmentsession/{session.pk}/change/"
    client = admin_of(dana)

    kept = send(client, page, "_save", patient_knows="on")
    assert "Press Cancel session as well" in kept.content.decode()
    send(client, page, "treatment_sessions_treatmentsession_cancel", patient_knows="on")

    session.refresh_from_db()
    assert session.status == Status.CANCELLED
    assert announced() == []


def test_a_move_in_the_night_before_the_old_time_is_told_in_the_night(
    catalogue: None, booking: Booking
) -> None:
    """Quiet until 8, and the old time is at 7: better woken than on the way in vain."""
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    seven = NINE - 3 * HOUR  # 06:00 UTC is 07:00 in Berlin
    old = SessionFactory(plan=booking.plan, starts_at=seven, status=Status.CANCELLED)
    new = SessionFactory(plan=booking.plan, starts_at=NINE + DAY, rescheduled_from=old)

    moved = TreatmentSession.objects.get(pk=new.pk)  # with its clinic as it is now
    at = seven - 8 * HOUR
    session_moved.send(TreatmentSession, session=moved, old="", new="BOOKED", at=at, by=None)

    assert set(Message.objects.filter(step__code="moved").values_list("status", "due_at")) == {
        ("PENDING", at)
    }
