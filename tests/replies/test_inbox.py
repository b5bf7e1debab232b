"""Replies by SMS: what each is taken for, what is done and answered, and what people get to see."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from aftercare import services
from aftercare.models import Anchor, InboundMessage, Message, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.auto_replies import WITHOUT_CLINIC, answer
from aftercare.replies.receive import Incoming, confirm, receive_from_page, receive_sms
from aftercare.texts import gsm7
from clinic.models import Clinic, User
from patients.models import Audience, Channel, Patient, StaffTask, TaskKind, TaskStatus
from patients.services import finish_task
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import client_of
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    SENDING,
    CareStepFactory,
    InboundFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
)
from tests.support.forms import send

pytestmark = pytest.mark.django_db
NUMBER = "+4915123456789"
SECOND = timedelta(seconds=1)
numbers = count()


@pytest.fixture
def grace(clinic: Clinic) -> Patient:
    return PatientFactory(clinic=clinic, mobile=NUMBER)


def text(body: str, *, sender: str = NUMBER, at: Any = NINE) -> InboundMessage:
    incoming = Incoming(
        sender=sender, to="+4930", body=body, provider="http", provider_id=f"t-{next(numbers)}"
    )
    return receive_sms(incoming, at=at)


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


def status(message: Message) -> str:
    return TreatmentSession.objects.values_list("status", flat=True).get(pk=message.session_id)


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

    for text in (
        answer(kind, clinic=clinic, language=language),
        answer(kind, clinic=None, language=language),
    ):
        assert len(text) <= 160
        assert set(text) <= gsm7.ALPHABET


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


@pytest.mark.parametrize(
    ("ago", "audience"),
    [(28 * DAY - SECOND, Audience.CLINICAL), (28 * DAY, Audience.FRONT_DESK)],
)
def test_while_the_skin_heals_clinicians_read_it(
    grace: Patient, ago: timedelta, audience: str
) -> None:
    done = NINE - ago
    SessionFactory(plan__patient=grace, starts_at=done, status=Status.COMPLETED, completed_at=done)

    kept = text("It itches")

    assert kept.audience == StaffTask.objects.get().audience == audience


@pytest.mark.parametrize(
    ("ago", "audience"),
    [(28 * DAY - SECOND, Audience.CLINICAL), (28 * DAY, Audience.FRONT_DESK)],
)
def test_what_is_written_on_a_page_while_the_skin_heals_is_for_clinicians(
    grace: Patient, ago: timedelta, audience: str
) -> None:
    done = {"starts_at": NINE - ago, "completed_at": NINE - ago, "status": Status.COMPLETED}
    message = MessageFactory(session=SessionFactory(plan__patient=grace, **done))

    kept = receive_from_page(
        message, text="It itches", kind=TaskKind.REPLY, provider="page", provider_id="1", at=NINE
    )

    assert kept.audience == StaffTask.objects.get().audience == audience


@pytest.mark.parametrize(("before", "confirmed"), [(SECOND, True), (0 * SECOND, False)])
def test_an_appointment_is_confirmed_until_it_begins(
    grace: Patient, before: timedelta, confirmed: bool
) -> None:
    message = announce(grace, NINE + before)

    assert confirm(message.session, at=NINE) is confirmed
    TreatmentSession.objects.update(status=Status.BOOKED)
    text("YES")

    assert (status(message) == Status.CONFIRMED) is confirmed


def test_a_number_of_two_clinics_belongs_to_neither(grace: Patient, other_clinic: Clinic) -> None:
    PatientFactory(clinic=other_clinic, mobile=NUMBER)

    kept = text("Hello?")

    assert (kept.clinic, kept.patient, kept.task) == (None, None, None)
    assert kept.handled_at is None


# the inbox


def test_the_inbox_shows_all_who_may_have_written(
    grace: Patient, as_dana: APIClient, as_bob: APIClient
) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    foreign = PatientFactory(mobile=NUMBER, archived_at=NINE)
    text("Can you call me?")

    (shown,) = as_dana.get("/api/v1/inbox/").json()["results"]

    assert shown["patient"] is None
    assert {c["id"] for c in shown["candidates"]} == {str(grace.pk), str(child.pk)}
    assert str(foreign.pk) not in str(shown)
    assert as_bob.get("/api/v1/inbox/").json()["results"] == []


def test_what_belongs_to_no_clinic_is_seen_at_every_desk(
    clinic: Clinic, other_clinic: Clinic, as_dana: APIClient
) -> None:
    text("Is this the bakery?")

    (shown,) = as_dana.get("/api/v1/inbox/?handled=false").json()["results"]

    assert (shown["clinic"], shown["candidates"]) == (None, [])


def test_handled_once_ticks_the_task_off(grace: Patient, as_dana: APIClient, dana: User) -> None:
    kept = text("Can you call me?")
    path = f"/api/v1/inbox/{kept.pk}/"
    assert as_dana.get(path).json()["is_handled"] is False

    done = as_dana.post(f"{path}handled/")
    again = as_dana.post(f"{path}handled/")

    assert (done.status_code, done.json()["is_handled"]) == (200, True)
    assert done.json()["handled_by"] == str(dana.pk)
    assert (again.status_code, again.json()["code"]) == (409, "handled")
    task = StaffTask.objects.get()
    assert (task.status, task.done_by) == (TaskStatus.DONE, dana)


def test_a_task_that_is_done_has_handled_its_message(
    grace: Patient, as_dana: APIClient, dana: User
) -> None:
    kept = text("Can you call me?")
    assert kept.task is not None
    finish_task(task_id=kept.task.pk, at=NINE, by=dana)

    assert as_dana.get(f"/api/v1/inbox/{kept.pk}/").json()["is_handled"] is True
    assert as_dana.get("/api/v1/inbox/?handled=false").json()["results"] == []
    assert as_dana.post(f"/api/v1/inbox/{kept.pk}/handled/").status_code == 409


def test_the_inbox_takes_a_fixed_number_of_queries(
    clinic: Clinic, as_dana: APIClient, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        PatientFactory(clinic=clinic, mobile=f"+4915111111{number:03}")
        text("Hello", sender=f"+4915111111{number:03}")

    with django_assert_num_queries(2):  # the messages, the candidates of all of them
        assert len(as_dana.get("/api/v1/inbox/").json()["results"]) == 6


def admin_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="clinic.permissions.RoleBackend")
    return client


def test_the_admin_shows_what_waits_first_and_ticks_it_off(grace: Patient, dana: User) -> None:
    first = text("Older question")
    text("HELP")
    text("Newer question")
    client = admin_of(dana)
    page = f"/admin/aftercare/inboundmessage/{first.pk}/change/"

    listed = client.get("/admin/aftercare/inboundmessage/").content.decode()
    assert listed.index("Newer question") < listed.index("Older question") < listed.index("HELP")
    opened = client.get(page).content.decode()
    assert f"/admin/patients/patient/{grace.pk}/change/" in opened
    send(client, page, "aftercare_inboundmessage_handled")

    first.refresh_from_db()
    assert first.handled_by == dana
    assert "aftercare_inboundmessage_handled" not in client.get(page).content.decode()


def test_a_reply_for_clinicians_is_no_business_of_the_desk(clinic: Clinic, dana: User) -> None:
    hidden = InboundFactory(clinic=clinic, audience=Audience.CLINICAL)

    assert client_of(dana).get(f"/api/v1/inbox/{hidden.pk}/").status_code == 404
    answer = admin_of(dana).get(f"/admin/aftercare/inboundmessage/{hidden.pk}/change/")
    assert answer.status_code == 302  # to the list: there is no such row


# messages that need a person


def ended(clinic: Clinic, status: str, **changes: Any) -> Message:
    message: Message = MessageFactory(session__plan__patient__clinic=clinic, **SENDING, **changes)
    message.end(status, "why", at=NINE)
    return message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (MessageStatus.FAILED, TaskKind.MESSAGE_FAILED),
        (MessageStatus.IN_DOUBT, TaskKind.MESSAGE_IN_DOUBT),
        (MessageStatus.EXPIRED, TaskKind.MESSAGE_EXPIRED),
    ],
)
def test_a_message_that_did_not_arrive_raises_a_task(
    clinic: Clinic, status: str, kind: str
) -> None:
    message = ended(clinic, status)

    task = StaffTask.objects.get()
    assert (task.kind, task.patient, task.clinic) == (kind, message.patient, clinic)
    assert "why" in task.detail


def test_an_offer_that_came_too_late_and_what_was_cancelled_raise_none(clinic: Clinic) -> None:
    ended(clinic, MessageStatus.EXPIRED, step__purpose="RECALL")
    ended(clinic, MessageStatus.CANCELLED)
    ended(clinic, MessageStatus.SUPPRESSED)

    assert not StaffTask.objects.exists()


@pytest.mark.parametrize("delivered", [True, False])
def test_resolving_a_message_finishes_its_task(
    clinic: Clinic, manager: User, delivered: bool
) -> None:
    message = ended(clinic, MessageStatus.IN_DOUBT)

    services.resolve_message(message_id=message.pk, delivered=delivered, at=NINE, by=manager)

    assert set(StaffTask.objects.values_list("status", flat=True)) == {TaskStatus.DONE}


def test_sending_again_finishes_the_task(clinic: Clinic, manager: User) -> None:
    message = ended(clinic, MessageStatus.FAILED)

    services.resend_message(message_id=message.pk, at=NINE, by=manager)

    assert StaffTask.objects.get().status == TaskStatus.DONE


def test_messages_have_buttons_for_what_may_follow(clinic: Clinic, manager: User) -> None:
    client = admin_of(manager)
    waiting = MessageFactory(session__plan__patient__clinic=clinic)
    doubt = ended(clinic, MessageStatus.IN_DOUBT)

    def page(message: Message) -> str:
        return f"/admin/aftercare/message/{message.pk}/change/"

    def press(message: Message, button: str) -> str:
        send(client, page(message), f"aftercare_message_{button}")
        message.refresh_from_db()
        return message.status

    shown = client.get(page(waiting)).content.decode()
    assert "take_out" in shown
    assert "send_again" not in shown
    assert 'name="_save"' not in shown  # nothing can be typed in
    assert 'name="_continue"' not in shown
    assert press(waiting, "send_again") == "PENDING"  # no such button there
    assert press(waiting, "take_out") == "CANCELLED"
    assert press(waiting, "send_again") == "CANCELLED"
    assert Message.objects.filter(session=waiting.session, status="PENDING").count() == 1
    assert press(doubt, "did_arrive") == "SENT"
    assert StaffTask.objects.get().status == TaskStatus.DONE


def test_one_message_shows_its_tries_and_receipts(
    clinic: Clinic, as_dana: APIClient, django_assert_num_queries: Any
) -> None:
    from tests.factories import ReceiptFactory

    message = MessageFactory(session__plan__patient__clinic=clinic)
    for _ in range(3):
        ReceiptFactory(message=message)

    with django_assert_num_queries(3):
        shown = as_dana.get(f"/api/v1/messages/{message.pk}/").json()

    assert [receipt["kind"] for receipt in shown["receipts"]] == ["DELIVERED"] * 3
    assert shown["tries"] == []
