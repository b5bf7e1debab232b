"""Replies by SMS: what each is taken for, and what is done and answered."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.auto_replies import WITHOUT_CLINIC, answer
from aftercare.replies.receive import confirm
from aftercare.texts import gsm7
from clinic.models import Clinic
from patients.models import Audience, Channel, Patient, StaffTask, TaskKind
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
)
from tests.replies.sms import NUMBER, status, text

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def announce(patient: Patient, starts_at: Any = NINE + 2 * DAY, **changes: Any) -> Message:
    """A session whose reminder has gone out by SMS."""
    status = changes.pop("status", Status.BOOKED)
    session = SessionFactory(plan__patient=patient, starts_at=starts_at, status=status)
    values = {
        "session": session,
        "channel": Channel.SMS,
        "status": MessageStatus.SENT,
        "sent_at": NINE,
        "step": CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY),
    }
    return MessageFactory(**{**values, **changes})


def has_opted_out() -> bool:
    return opt_out.refusal(channel=Channel.SMS, address=NUMBER, purpose="CARE") is not None


# STOP, START, HELP


def test_stop_is_confirmed_once_and_start_brings_texts_back(grace: Patient) -> None:
    replies = [text(body).reply for body in ("STOP", "Stop!", "unsubscribe", "start", "STOP")]

    assert "no more texts" in replies[0]
    assert replies[1:3] == ["", ""]
    assert "on again" in replies[3]
    assert "no more texts" in replies[4]
    assert has_opted_out()
    assert not StaffTask.objects.exists()


def test_every_way_to_write_a_number_is_the_same_number(grace: Patient) -> None:
    for sender in ("4915123456789", "004915123456789", "+49 1512 3456789"):
        text("START")
        assert not has_opted_out()
        kept = text("STOP", sender=sender)
        assert (kept.sender, kept.patient) == (NUMBER, grace)
        assert has_opted_out()


def test_cancel_is_an_opt_out_that_says_so_and_tells_the_desk(grace: Patient) -> None:
    message = announce(grace)

    kept = text("CANCEL")

    assert has_opted_out()
    assert "NOT cancelled" in kept.reply
    assert "+49 30 12345678" in kept.reply
    task = StaffTask.objects.get()
    assert (task.kind, task.audience, task.patient) == (
        TaskKind.CHANGE_WANTED,
        Audience.FRONT_DESK,
        grace,
    )
    assert (kept.task, kept.message) == (task, message)
    assert status(message) == Status.BOOKED
    assert text("cancel").reply == ""  # one confirmation only


def test_help_names_the_clinic_and_its_number_also_after_stop(grace: Patient) -> None:
    text("STOP")

    reply = text("Help").reply

    assert reply.startswith("Riverside: for help call +49 30 12345678, in an emergency 112")


def test_a_stranger_can_opt_out_too(clinic: Clinic, other_clinic: Clinic) -> None:
    kept = text("STOP")

    assert has_opted_out()
    assert (kept.clinic, kept.patient, kept.reply) == (None, None, str(WITHOUT_CLINIC["stop"]))


def test_spanish_speakers_are_answered_in_spanish(grace: Patient) -> None:
    Patient.objects.filter(pk=grace.pk).update(language="es")
    assert "Llame al" in text("BAJA").reply
    PatientFactory(clinic=grace.clinic, mobile=NUMBER, language="en")
    assert "for help call" in text("AYUDA").reply  # two who share a number, in two languages


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("kind", ["stop", "cancel", "start", "help", "change"])
def test_every_answer_fits_one_sms(language: str, kind: str) -> None:
    clinic = Clinic(short_name="Ä" * 20, phone="+5511912345678", emergency_phone="061/112")

    for sms in (
        answer(kind, clinic=clinic, language=language),
        answer(kind, clinic=None, language=language),
    ):
        assert len(sms) <= 160
        assert set(sms) <= gsm7.ALPHABET


# YES, C, CHANGE


@pytest.mark.parametrize("body", ["C", "Yes", "ok", "Sí", "CONFIRM", "y"])
def test_a_yes_confirms_the_only_appointment_that_was_announced(grace: Patient, body: str) -> None:
    message = announce(grace)

    kept = text(body)

    assert status(message) == Status.CONFIRMED
    assert kept.message == message
    assert "10:00 is confirmed" in kept.reply  # on the clock of Berlin
    assert "Wednesday 9 January" in kept.reply
    assert text(body).reply == kept.reply  # twice is as good
    assert not StaffTask.objects.exists()


def test_yes_after_stop_is_start_and_confirms_nothing(grace: Patient) -> None:
    message = announce(grace)
    text("STOP")

    kept = text("YES")

    assert "on again" in kept.reply
    assert not has_opted_out()
    assert status(message) == Status.BOOKED
    text("YES")
    assert status(message) == Status.CONFIRMED


def test_ok_after_stop_is_neither(grace: Patient) -> None:
    message = announce(grace)
    text("STOP")

    kept = text("OK")

    assert (kept.reply, kept.handled_at) == ("", None)
    assert has_opted_out()
    assert status(message) == Status.BOOKED


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.CANCELLED},
        {"starts_at": NINE - HOUR},
        {"channel": Channel.EMAIL},
        {"step": None},
    ],
)
def test_without_an_open_question_a_yes_is_for_people(
    grace: Patient, changes: dict[str, Any]
) -> None:
    if "step" in changes:
        changes = {"step": CareStepFactory(anchor=Anchor.BOOKED)}
    message = announce(grace, **changes)
    before = status(message)

    kept = text("Yes")

    assert (kept.reply, kept.handled_at) == ("", None)
    assert status(message) == before
    assert StaffTask.objects.get().kind == TaskKind.REPLY


def test_two_appointments_at_one_number_are_never_guessed(grace: Patient) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    messages = [announce(grace), announce(child, NINE + 3 * DAY)]

    kept = text("Yes")

    assert {status(message) for message in messages} == {Status.BOOKED}
    assert (kept.patient, kept.clinic, kept.reply) == (None, grace.clinic, "")
    assert kept.task is not None


def test_the_only_appointment_of_two_who_share_a_number_is_confirmed(grace: Patient) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    message = announce(child)

    assert "is confirmed" in text("C").reply
    assert status(message) == Status.CONFIRMED
    assert grace.inbound_messages.count() == 0


@pytest.mark.parametrize(("before", "confirmed"), [(SECOND, True), (0 * SECOND, False)])
def test_an_appointment_is_confirmed_until_it_begins(
    grace: Patient, before: timedelta, confirmed: bool
) -> None:
    message = announce(grace, NINE + before)

    assert confirm(message.session, at=NINE) is confirmed
    TreatmentSession.objects.update(status=Status.BOOKED)
    text("YES")

    assert (status(message) == Status.CONFIRMED) is confirmed


def test_change_is_a_task_and_moves_nothing(grace: Patient) -> None:
    message = announce(grace)

    kept = text("Change my appointment please")

    assert "stays as it is" in kept.reply
    assert StaffTask.objects.get().kind == TaskKind.CHANGE_WANTED
    assert (kept.message, kept.handled_at) == (message, NINE)
    assert status(message) == Status.BOOKED


# everything else


@pytest.mark.parametrize(
    ("body", "maybe"),
    [
        ("the bleeding won't stop", False),
        ("I can't stop smiling", False),
        ("please stop sending me these daily reminders ok?", True),
        ("Wrong number", True),
        ("", False),
    ],
)
def test_what_is_no_keyword_waits_for_a_person(grace: Patient, body: str, maybe: bool) -> None:
    kept = text(body)

    assert (kept.keyword, kept.maybe_opt_out, kept.reply) == ("", maybe, "")
    assert (kept.handled_at, kept.patient) == (None, grace)
    task = StaffTask.objects.get()
    assert (task.kind, task.detail) == (TaskKind.REPLY, body)
    assert ("maybe an opt-out" in task.title) == maybe
    assert not has_opted_out()
