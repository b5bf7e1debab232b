"""Staff answer what a patient has written: what goes out, to whom, and what is refused."""

from email import message_from_string, policy
from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.dispatch import run as dispatch
from aftercare.models import InboundMessage, Message, StaffAnswer
from aftercare.replies.receive import receive_from_page
from aftercare.services import answer_reply
from aftercare.texts import gsm7
from aftercare.texts.checks import MOST_IN_SMS
from clinic.models import Clinic, User
from patients.models import Channel, Patient, StaffTask, TaskKind, TaskSeverity
from sessions.lifecycle import Status
from tests.conftest import client_of
from tests.factories import (
    DAY,
    NINE,
    AddressConsentFactory,
    ContactConsentFactory,
    InboundFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
    StaffTaskFactory,
    this_hour,
)
from tests.replies.pages import get, make, url
from tests.replies.sms import NUMBER, text
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db
FINE = "Yes, that is normal. Call us if it is not gone by Friday."


@pytest.fixture
def reply(catalogue: None, grace: Patient) -> InboundMessage:
    """By SMS, from a patient who can be reached by both channels."""
    for channel in Channel:
        ContactConsentFactory(patient=grace, channel=channel)
    SessionFactory(plan__patient=grace, starts_at=NINE + DAY, status=Status.BOOKED)
    return text("Is this normal?")


def answer(reply: InboundMessage, by: User, words: str = FINE, **more: Any) -> StaffAnswer:
    return answer_reply(inbound_id=reply.pk, text=words, **{"at": NINE, "by": by, **more})


def post(client: APIClient, reply: InboundMessage, words: str = FINE, **more: Any) -> Any:
    return client.post(f"/api/v1/inbox/{reply.pk}/answer/", {"text": words, **more})


def sent() -> None:
    dispatch.send_due(clock=lambda: NINE)


def test_a_reply_by_sms_is_answered_by_sms_at_once_also_at_night(
    reply: InboundMessage, dana: User, gateway: HttpGateway
) -> None:
    Clinic.objects.update(quiet_from="00:00", quiet_until="23:59")

    kept = answer(reply, dana)
    sent()

    (sms,) = gateway.json()
    assert sms["text"] == f"Riverside: {FINE} STOP to end"
    assert (kept.sms_parts, kept.as_link) == (gsm7.parts(sms["text"]), False)
    assert [message.status for message in kept.messages.all()] == ["SENT"]


@pytest.mark.parametrize(
    ("words", "is_link"),
    [
        ("x" * MOST_IN_SMS, False),
        ("x" * (MOST_IN_SMS + 1), True),
        ("The redness is normal.", True),  # which tells of skin
        ("Please call us, grace.", True),  # a lock screen names nobody
        ("Это нормально", True),  # which the alphabet lacks
        ("Sí, es normal", False),
    ],
)
def test_an_sms_has_the_words_or_a_link_to_them(
    reply: InboundMessage, dana: User, gateway: HttpGateway, words: str, is_link: bool
) -> None:
    kept = answer(reply, dana, words)
    sent()

    (sms,) = gateway.json()
    assert kept.as_link is is_link
    assert kept.sms_parts == gsm7.parts(sms["text"]) <= 2
    assert ("/answer/" in sms["text"]) is is_link
    assert (gsm7.fold_to_gsm7(words) in sms["text"]) is not is_link


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_shows_the_answer_and_takes_words_back(
    reply: InboundMessage, dana: User, language: str
) -> None:
    Patient.objects.update(language=language)
    words = "Line one.\n" + "Line two is <b>longer</b>. " * 20
    answer(reply, dana, words)
    message = Message.objects.get(answer__isnull=False)

    page = get(message, "answer/")

    assert "Line one.<br>" in page
    assert page.count("<b>longer</b>") == 20  # escaped: `get` has undone it
    assert ("Our answer" in page) is (language == "en")
    assert "/write/" in page
    assert "Is this normal?" not in page  # what they have written is not shown back


def test_the_link_of_another_message_shows_no_answer(reply: InboundMessage, client: Any) -> None:
    other = make(this_hour() + DAY, Status.BOOKED)

    found = client.get(url(other, "answer/"))

    assert (found.status_code, found["Location"]) == (303, url(other))


def test_words_from_a_page_are_answered_by_the_channel_of_their_message(
    catalogue: None, grace: Patient, dana: User, smtp: SmtpServer
) -> None:
    ContactConsentFactory(patient=grace, channel=Channel.EMAIL)
    told = MessageFactory(session__plan__patient=grace, session__status=Status.BOOKED)
    reply = receive_from_page(
        told, text="May I?", kind=TaskKind.REPLY, provider="page", provider_id="1", at=NINE
    )

    answer(reply, dana, "Yes <b>you</b> may.\nGladly.")
    sent()

    mail = message_from_string(smtp.accepted[-1], policy=policy.default)
    assert mail["Subject"] == "Riverside has answered you"
    plain, html = (
        mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    assert "Yes <b>you</b> may.\r\nGladly." in plain
    assert "Yes &lt;b&gt;you&lt;/b&gt; may.<br>Gladly." in html


def test_answering_ticks_off_with_what_came_of_it(
    reply: InboundMessage, as_dana: APIClient
) -> None:
    shown = post(as_dana, reply, finish=True, note="told on the phone too").json()

    assert (shown["is_handled"], shown["handled_note"]) == (True, "told on the phone too")
    assert [one["text"] for one in shown["answers"]] == [FINE]
    assert StaffTask.objects.get().done_note == "told on the phone too"


def test_what_is_grave_is_not_answered_away(reply: InboundMessage, as_dana: APIClient) -> None:
    task = StaffTaskFactory(clinic=reply.clinic, severity=TaskSeverity.RED)
    InboundMessage.objects.update(task=task)

    refused = post(as_dana, reply, finish=True)

    assert (refused.status_code, refused.json()["code"]) == (422, "outcome_missing")
    assert not StaffAnswer.objects.exists()
    assert post(as_dana, reply).json()["is_handled"] is False


def test_the_same_words_of_the_same_person_are_sent_once(reply: InboundMessage, dana: User) -> None:
    assert answer(reply, dana) == answer(reply, dana)
    answer(reply, dana, "One more thing.")

    assert Message.objects.filter(answer__isnull=False).count() == 2


def test_who_comes_second_is_told_who_has_answered(
    reply: InboundMessage, dana: User, as_dana: APIClient, manager: User
) -> None:
    answer(reply, manager, "Please come in.")

    refused = post(as_dana, reply)
    anyway = post(as_dana, reply, anyway=True)

    assert (refused.status_code, refused.json()["code"]) == (409, "answered")
    assert str(manager) in refused.json()["detail"]
    assert "Please come in." in refused.json()["detail"]
    at = StaffAnswer.objects.earliest("id").answered_at.astimezone(manager.clinics.get().zone)
    assert f"answered on {at:%-d %b at %H:%M}:" in refused.json()["detail"]
    assert [one["text"] for one in anyway.json()["answers"]] == ["Please come in.", FINE]


def test_after_stop_no_sms_goes_out_and_what_works_is_named(
    reply: InboundMessage, as_dana: APIClient, grace: Patient
) -> None:
    AddressConsentFactory(address=NUMBER)

    refused = post(as_dana, reply)

    assert (refused.status_code, refused.json()["code"]) == (422, "not_reachable")
    assert refused.json()["errors"][0]["pointer"] == "/channel"
    assert "opted out by a reply" in refused.json()["detail"]
    assert "Answer by E-mail, or call" in refused.json()["detail"]
    assert post(as_dana, reply, channel="EMAIL").status_code == 200


def test_a_stop_after_the_press_is_heard_and_the_other_channel_stands_in(
    reply: InboundMessage, dana: User, gateway: HttpGateway, smtp: SmtpServer
) -> None:
    kept = answer(reply, dana, "A bit longer. " * 30)
    AddressConsentFactory(address=NUMBER)
    sent()
    sent()

    found = kept.messages.order_by("id").values_list("channel", "status")
    assert list(found) == [("SMS", "SUPPRESSED"), ("EMAIL", "SENT")]
    assert not gateway.json()
    assert "A bit longer." in smtp.accepted[-1]


def test_of_several_at_one_number_one_is_named(
    reply: InboundMessage, as_dana: APIClient, grace: Patient
) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    shared = text("And now?")
    foreign = PatientFactory()

    refused = post(as_dana, shared)
    assert (refused.status_code, refused.json()["code"]) == (422, "patient_unclear")
    assert str(child) in refused.json()["detail"]
    assert post(as_dana, shared, patient=str(foreign.pk)).status_code == 422
    assert post(as_dana, shared, patient=str(grace.pk)).status_code == 200
    assert StaffAnswer.objects.get().messages.get().patient == grace


@pytest.mark.parametrize(
    "words",
    [
        "Cool your cheeks.",
        "Is it one cheek?",
        "The numbing cream does that.",
        "Es por el sérum.",
        "¿La nariz?",
    ],
)
def test_an_answer_names_no_place_and_nothing_that_was_put_on_it(
    reply: InboundMessage, as_dana: APIClient, words: str
) -> None:
    refused = post(as_dana, reply, words)

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/text"
    assert "must not name" in refused.json()["errors"][0]["detail"]


def test_yes_to_what_staff_have_asked_confirms_no_visit(
    reply: InboundMessage, dana: User, gateway: HttpGateway
) -> None:
    visit = MessageFactory(
        session=SessionFactory(plan__patient=reply.patient, starts_at=NINE + 2 * DAY),
        step__anchor="STARTS",
        step__offset=-2 * DAY,
        channel="SMS",
        status="SENT",
        sent_at=NINE - DAY,
    )
    answer(reply, dana, "Does it still hurt?")
    sent()

    kept = text("Yes", at=NINE)

    visit.session.refresh_from_db()
    assert visit.session.status == Status.BOOKED
    assert kept.task is not None


def test_a_replan_leaves_an_answer_that_waits(reply: InboundMessage, dana: User) -> None:
    kept = answer(reply, dana)

    Patient.objects.get().save()  # whatever has changed, planning looks at all that waits
    session = kept.messages.get().session
    assert [one.status for one in kept.messages.all()] == ["PENDING"]
    assert session.messages.filter(step__code="answer").count() == 1


def test_an_answer_is_on_the_timeline(
    reply: InboundMessage, dana: User, alice: User, grace: Patient
) -> None:
    answer(reply, dana)

    found = client_of(alice).get(f"/api/v1/patients/{grace.pk}/timeline/").json()["results"]

    (entry,) = (one for one in found if one["kind"] == "answer")
    assert entry["title"] == f"Answered by SMS, by {dana}"
    assert entry["detail"] == FINE


def test_a_note_without_a_task_is_kept(clinic: Any, as_dana: APIClient) -> None:
    reply = InboundFactory(clinic=clinic)

    shown = as_dana.post(f"/api/v1/inbox/{reply.pk}/handled/", {"note": "wrong number"}).json()

    assert shown["handled_note"] == "wrong number"
