"""Replies by SMS: what each is taken for, and what is done and answered."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.auto_replies import TEXTS, WITHOUT_CLINIC, answer
from aftercare.replies.promise import in_words, read_by
from aftercare.replies.receive import confirm
from aftercare.replies.reply import MASKED
from aftercare.texts import gsm7, links
from clinic.models import Clinic, User
from patients.models import Audience, Channel, Patient, StaffTask, TaskKind
from patients.services import record_contact_consent
from sessions.lifecycle import Status
from sessions.models import CheckIn, TreatmentSession
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ClinicFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
)
from tests.replies.sms import NUMBER, status, text

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
LINK = "https://clinic.example/p/" + "x" * 32 + "/"


def announce(patient: Patient, starts_at: Any = NINE + 2 * DAY, **changes: Any) -> Message:
    """A session whose reminder has gone out by SMS."""
    status = changes.pop("status", Status.BOOKED)
    if "session" not in changes:
        changes["session"] = SessionFactory(
            plan__patient=patient, starts_at=starts_at, status=status
        )
    values = {
        "channel": Channel.SMS,
        "status": MessageStatus.SENT,
        "sent_at": NINE,
        "step": CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY),
    }
    return MessageFactory(**{**values, **changes})


@pytest.fixture
def treated(grace: Patient) -> TreatmentSession:
    past = NINE - 3 * DAY
    session: TreatmentSession = SessionFactory(
        plan__patient=grace, starts_at=past, status=Status.COMPLETED, completed_at=past
    )
    return session


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


def test_who_notes_a_yes_after_stop_learns_that_only_start_helps(
    grace: Patient, alice: User
) -> None:
    def note_a_yes() -> int:
        record_contact_consent(
            patient_id=grace.pk,
            channel="SMS",
            purpose="CARE",
            granted=True,
            wording="May we?",
            at=NINE,
            by=alice,
        )
        return StaffTask.objects.filter(patient=grace, kind=TaskKind.BAD_ADDRESS).count()

    assert note_a_yes() == 0
    text("STOP")
    assert [note_a_yes(), note_a_yes()] == [1, 1]
    text("START")
    StaffTask.objects.all().delete()
    assert note_a_yes() == 0


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
@pytest.mark.parametrize("kind", sorted({*TEXTS} - {"confirm"}))
def test_every_answer_fits_one_sms(language: str, kind: str) -> None:
    clinic = ClinicFactory(short_name="Ä" * 20, phone="+5511912345678", emergency_phone="061/112")

    for sms in (
        answer(kind, clinic=clinic, language=language, at=NINE, link=LINK),
        answer(kind, clinic=None, language=language, at=NINE),
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

    assert (kept.reply_kind, kept.handled_at) == ("received", None)
    assert status(message) == before
    assert StaffTask.objects.get().kind == TaskKind.REPLY


def test_of_two_appointments_at_one_number_we_ask_which(grace: Patient) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    messages = [announce(grace), announce(child, NINE + 3 * DAY)]

    kept = text("Yes")

    assert {status(message) for message in messages} == {Status.BOOKED}
    assert (kept.patient, kept.clinic, kept.task) == (None, grace.clinic, None)
    assert kept.reply.startswith("Riverside: which visit? Reply 1 for Wed")

    assert "Thursday 10 January" in text("2").reply
    assert [status(message) for message in messages] == [Status.BOOKED, Status.CONFIRMED]


@pytest.mark.parametrize("body", ["both", "1 and 2", "las dos"])
def test_both_of_two_appointments_can_be_confirmed_at_once(grace: Patient, body: str) -> None:
    messages = [announce(grace), announce(grace, NINE + 30 * DAY)]
    text("C")

    text(body)

    assert {status(message) for message in messages} == {Status.CONFIRMED}


def test_a_number_that_we_have_not_asked_for_confirms_nothing(grace: Patient) -> None:
    message = announce(grace)

    kept = text("1")

    assert status(message) == Status.BOOKED
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
        ("Is there a lift?", False),
        ("please stop sending me these daily reminders ok?", True),
        ("Wrong number", True),
        ("¿Quién es?", False),
    ],
)
def test_what_is_no_keyword_waits_for_a_person(grace: Patient, body: str, maybe: bool) -> None:
    kept = text(body)

    assert (kept.keyword, kept.maybe_opt_out) == ("", maybe)
    assert bool(kept.reply) is not maybe  # who may want to end texts gets none
    assert (kept.handled_at, kept.patient) == (None, grace)
    task = StaffTask.objects.get()
    assert (task.kind, task.detail) == (TaskKind.REPLY, body)
    assert ("maybe an opt-out" in task.title) == maybe
    assert not has_opted_out()


# a body


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("en", "I can't breathe, my tongue is swelling"),
        ("es", "no puedo respirar, se me hincha la lengua"),
    ],
)
def test_an_emergency_is_answered_with_the_number_and_is_a_task_at_once(
    grace: Patient, treated: TreatmentSession, triage_rules: None, language: str, body: str
) -> None:
    Patient.objects.filter(pk=grace.pk).update(language=language)

    kept = text(body)

    assert "112" in kept.reply
    task = StaffTask.objects.get()
    assert (task.kind, task.audience, task.due_at) == (TaskKind.HEALING, Audience.CLINICAL, NINE)
    assert task.title.startswith("EMERGENCY")
    assert body in task.detail
    assert CheckIn.objects.get(session=treated).level == "EMERGENCY"
    assert kept.task == task
    assert text(body).reply == ""  # said a moment ago
    assert text(body, at=NINE + HOUR).reply == kept.reply


def test_help_in_a_sentence_about_a_face_is_no_keyword(grace: Patient, triage_rules: None) -> None:
    kept = text("HELP my face is swelling")

    assert "112" in kept.reply
    task = StaffTask.objects.get()
    assert (task.audience, task.due_at) == (Audience.CLINICAL, NINE)
    assert task.title.startswith("RED: reply")


def test_a_yes_to_a_question_about_the_skin_confirms_nothing(
    grace: Patient, treated: TreatmentSession, triage_rules: None
) -> None:
    visit = announce(grace)
    step = CareStepFactory(anchor=Anchor.COMPLETED)
    asked = announce(grace, session=treated, step=step, sent_at=NINE + HOUR)

    kept = text("Yes", at=NINE + 2 * HOUR)

    assert status(visit) == Status.BOOKED
    assert (kept.audience, kept.message, kept.reply_kind) == (Audience.CLINICAL, asked, "healing")
    assert "is confirmed" in text("C", at=NINE + 2 * HOUR).reply  # that can mean nothing else


def test_what_clinicians_read_is_due_when_the_patient_was_promised(
    grace: Patient, treated: TreatmentSession, triage_rules: None
) -> None:
    kept = text("It itches")

    task = StaffTask.objects.get()
    assert task.due_at == read_by(grace.clinic, NINE)
    assert in_words(task.due_at, grace.clinic, NINE) in kept.reply


def test_words_of_two_who_share_a_number_are_nobodys_report(
    grace: Patient, treated: TreatmentSession, triage_rules: None
) -> None:
    PatientFactory(clinic=grace.clinic, mobile=NUMBER)

    kept = text("my tongue is swelling")

    assert (kept.patient, kept.reply_kind) == (None, "emergency")
    assert StaffTask.objects.get().title.startswith("EMERGENCY: reply")
    assert not CheckIn.objects.exists()


def test_an_emergency_at_a_number_of_two_clinics_is_a_task_of_both(
    grace: Patient, other_clinic: Clinic, triage_rules: None
) -> None:
    PatientFactory(clinic=other_clinic, mobile=NUMBER)

    kept = text("my tongue is swelling")

    assert kept.reply == str(WITHOUT_CLINIC["emergency"])
    assert {task.clinic for task in StaffTask.objects.all()} == {grace.clinic, other_clinic}


def test_after_an_opt_out_whose_skin_heals_is_still_answered(
    grace: Patient, treated: TreatmentSession, triage_rules: None
) -> None:
    assert "112" in text("STOP").reply

    assert "112" in text("my cheek is hot").reply
    assert text("STOP").reply == ""


def test_about_a_visit_the_desk_hears_that_it_is_but_not_the_words(
    grace: Patient, treated: TreatmentSession, triage_rules: None
) -> None:
    text("I can't come tomorrow, my face burns")

    desk = StaffTask.objects.get(audience=Audience.FRONT_DESK)
    assert (desk.kind, desk.detail) == (TaskKind.CHANGE_WANTED, MASKED)


def test_a_picture_is_not_kept_and_gets_the_link(grace: Patient) -> None:
    message = announce(grace)

    kept = text("", has_media=True)

    assert links.page(message) in kept.reply
    assert not StaffTask.objects.exists()


def test_a_picture_of_skin_that_heals_is_asked_for(grace: Patient, treated: object) -> None:
    text("", has_media=True)

    task = StaffTask.objects.get()
    assert (task.audience, task.title[:14]) == (Audience.CLINICAL, "Sent a picture")
