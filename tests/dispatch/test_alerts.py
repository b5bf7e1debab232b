"""What is grave is told to the staff until somebody is on it, whatever the hour."""

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.alerts import send
from aftercare.alerts.escalate import ACKNOWLEDGE_WITHIN, escalate, tell
from aftercare.channels.sms import HttpSms
from aftercare.models import StaffAlert
from clinic.models import Clinic, Role, User, Weekday
from patients.models import Patient, StaffTask
from patients.services import raise_task, take_task
from sessions.services import record_check_in
from sessions.services.record.healing.due import RED_WITHIN
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    OnCallShiftFactory,
    OpeningHoursFactory,
    PatientFactory,
    TriageSignatureFactory,
    UserFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer
from tests.support.kept import kept
from tests.support.marked_words import words_marked

pytestmark = pytest.mark.django_db
MOMENT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
AT_NIGHT = NINE - 6 * HOUR


@kept
def on_call(clinic: Clinic) -> User:
    shift = OnCallShiftFactory(
        clinic=clinic,
        practitioner=person(clinic, "first", Role.PRACTITIONER),
        starts_at=NINE - DAY,
        ends_at=NINE + DAY,
    )
    OnCallShiftFactory(
        clinic=clinic,
        practitioner=person(clinic, "second", Role.PRACTITIONER),
        starts_at=NINE + DAY,
    )
    person(clinic, "boss", Role.MANAGER)
    on_call: User = shift.practitioner
    return on_call


def person(clinic: Clinic, name: str, role: Role) -> User:
    user: User = UserFactory(
        clinic=clinic,
        username=name,
        role=role,
        email=f"{name}@clinic.example",
        mobile=f"+4915123456{len(name):03}",
    )
    return user


def grave(clinic: Clinic, *, severity: str = "RED", at: datetime = AT_NIGHT) -> StaffTask:
    patient: Patient = PatientFactory(clinic=clinic)
    return raise_task(
        clinic=clinic,
        patient=patient,
        kind="REPLY",
        title=f"Red words: {patient}",
        detail="my face is swelling",
        source=f"test:{patient.pk}",
        audience="CLINICAL",
        severity=severity,
        at=at,
    )


def tell_staff(at: datetime) -> None:
    send.tell_staff(clock=lambda: at)


def told() -> list[tuple[int, str]]:
    rows = StaffAlert.objects.filter(channel="SMS").order_by("step", "pk")
    return list(rows.values_list("step", "person__username"))


@pytest.mark.parametrize("severity", ["EMERGENCY", "RED", "AMBER", "ROUTINE"])
def test_who_is_on_call_reads_at_night_that_there_is_something_and_not_of_whom(
    clinic: Clinic, on_call: User, severity: str, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    task = grave(clinic, severity=severity)

    tell_staff(AT_NIGHT)
    tell_staff(AT_NIGHT)

    if severity in ("AMBER", "ROUTINE"):
        assert (smtp.recipients, gateway.requests) == ([], [])
        return
    (mail,), (sms,) = smtp.accepted, gateway.json()
    assert smtp.recipients == [on_call.email]
    assert sms["to"] == str(on_call.mobile)
    for words in (mail, sms["text"]):
        assert "1 urgent reply, open the inbox" in words
        assert not [w for w in (str(task.patient), "swelling", str(task.pk)) if w in words]


@pytest.mark.parametrize("words", [{"signs": ["pus"]}, {"words": "yellow pus, and it spreads"}])
def test_whoever_is_on_call_learns_of_a_red_report_when_it_comes_and_not_when_it_is_due(
    booking: Booking,
    on_call: User,
    words: dict[str, Any],
    smtp: SmtpServer,
    gateway: HttpGateway,
) -> None:
    TriageSignatureFactory()
    for weekday in Weekday.values:
        OpeningHoursFactory(clinic=booking.room.clinic, weekday=weekday)
    session, at = booking.completed(), NINE + 2 * HOUR

    record_check_in(session_id=session.pk, at=at, by=None, **words)
    tell_staff(at)

    assert StaffTask.objects.get().due_at == at + RED_WITHIN
    assert smtp.recipients == [on_call.email]
    assert len(gateway.json()) == 1


def test_the_next_person_is_told_after_half_an_hour_and_then_the_manager(
    clinic: Clinic, on_call: User
) -> None:
    grave(clinic)
    first, second = AT_NIGHT + ACKNOWLEDGE_WITHIN, AT_NIGHT + 2 * ACKNOWLEDGE_WITHIN

    escalate(at=first - MOMENT)
    assert told() == [(1, "first")]
    for _ in range(2):
        escalate(at=first)
    escalate(at=second - MOMENT)
    assert told() == [(1, "first"), (2, "second")]
    escalate(at=second)
    escalate(at=second + DAY)
    assert told() == [(1, "first"), (2, "second"), (3, "boss")]


def test_ticks_that_were_missed_do_not_flood(clinic: Clinic, on_call: User) -> None:
    grave(clinic)

    for _ in range(3):
        escalate(at=AT_NIGHT + DAY)

    assert told() == [(1, "first"), (2, "second")]


def test_a_task_that_nobody_was_told_of_is_made_up_for(clinic: Clinic, on_call: User) -> None:
    grave(clinic)
    StaffAlert.objects.all().delete()

    escalate(at=NINE)

    assert told() == [(1, "first")]


def test_nobody_else_is_told_of_what_somebody_is_on(
    clinic: Clinic, on_call: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    task = grave(clinic)
    take_task(task_id=task.pk, at=AT_NIGHT, by=on_call)

    tell_staff(AT_NIGHT + ACKNOWLEDGE_WITHIN)

    assert (smtp.accepted, gateway.requests) == ([], [])
    assert {alert.detail for alert in StaffAlert.objects.all()} == {"somebody is on it"}


def test_in_a_gap_of_the_plan_the_manager_is_told(clinic: Clinic, on_call: User) -> None:
    grave(clinic, at=NINE + 7 * DAY)

    assert told() == [(1, "boss")]


def test_a_worker_that_dies_in_the_call_leaves_it_to_the_next(
    clinic: Clinic, on_call: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    grave(clinic)
    sending = HttpSms.send

    def send_and_die(channel: HttpSms, outgoing: Any) -> str:
        sending(channel, outgoing)
        raise SystemExit

    with patch.object(HttpSms, "send", send_and_die), pytest.raises(SystemExit):
        tell_staff(AT_NIGHT)
    tell_staff(AT_NIGHT)

    assert len({sms["key"] for sms in gateway.json()}) == 1
    assert not StaffAlert.objects.waiting().exists()


def test_what_is_refused_is_tried_again_and_given_up_in_the_end(
    clinic: Clinic, on_call: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    grave(clinic)
    gateway.answer = (503, "{}")

    for at in (AT_NIGHT + minutes * MINUTE for minutes in range(0, 30, 2)):
        tell_staff(at)

    by_sms = StaffAlert.objects.get(step=1, channel="SMS")
    assert by_sms.tries == len(send.AGAIN) + 1
    assert by_sms.ended_at is not None
    assert len(smtp.accepted) == 1


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("channel", ["SMS", "EMAIL"])
def test_it_is_told_in_the_language_of_who_is_told(
    language: str, channel: str, clinic: Clinic, on_call: User
) -> None:
    on_call.language = language
    on_call.save()
    tell(task=grave(clinic), step=1, at=AT_NIGHT)
    alert = StaffAlert.objects.get(channel=channel)

    with words_marked("es"):
        said = send.words_of(alert)

    for words in filter(None, (said.subject, said.text, said.html)):
        assert "1 urgent reply, open the inbox" in words
        assert ("⟦" in words) == (language == "es")
