"""Webhooks: forged, replayed, reordered, oversized and broken requests; receipts move forward."""

import json
import time
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from aftercare.models import InboundMessage
from aftercare.replies import opt_out
from aftercare.webhooks.base import MAX_BODY_BYTES
from patients.models import StaffTask
from sessions.lifecycle import Status
from tests.factories import DAY, PatientFactory, SessionFactory
from tests.replies.provider import (
    NUMBER,
    gateway,
    report,
    sent_message,
    sign,
    twilio,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("secrets")]


def inbound(text: str, **changes: Any) -> dict[str, Any]:
    event = {"type": "inbound", "id": str(uuid4()), "from": NUMBER, "to": "+4930", "text": text}
    return {**event, **changes}


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=1",
        "v1=" + "0" * 64,
        "t={now},v1=" + "0" * 64,
        f"t=99999999999999999999,v1={'0' * 64}",
        f"t=-1,v1={'0' * 64}",
        "t={now},v1=é",
        "t={now},v0=" + "0" * 64,
    ],
)
def test_a_forged_signature_is_refused(signature: str) -> None:
    signature = signature.replace("{now}", str(int(time.time())))
    answer = gateway(inbound("STOP"), **{"X-Signature": signature.encode().decode("latin-1")})

    assert (answer.status_code, answer.json()["code"]) == (403, "forged")
    assert not InboundMessage.objects.exists()


def test_a_signature_of_another_secret_or_body_or_time_is_refused() -> None:
    body = json.dumps(inbound("STOP")).encode()
    other_time = sign(body).replace("t=1", "t=2", 1)

    for signature in (sign(body, secret="guess"), sign(body + b" "), other_time):
        assert gateway(body, **{"X-Signature": signature}).status_code == 403
    assert gateway(body).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(-400, 403), (-290, 200), (290, 200), (400, 403)])
def test_a_request_older_than_five_minutes_is_refused(age: int, status: int) -> None:
    body = json.dumps(inbound("hello")).encode()
    assert gateway(body, **{"X-Signature": sign(body, t=time.time() + age)}).status_code == status


def test_while_a_secret_is_changed_two_signatures_may_stand_side_by_side() -> None:
    body = json.dumps(inbound("hello")).encode()
    both = sign(body, secret="the next one") + "," + sign(body).partition(",")[2]

    assert gateway(body, **{"X-Signature": both}).status_code == 200


def test_without_a_secret_a_webhook_is_closed(settings: Any) -> None:
    """An empty key would be everybody's."""
    settings.SMS_WEBHOOK_SECRET = settings.TWILIO_AUTH_TOKEN = ""
    body = json.dumps(inbound("STOP")).encode()

    assert gateway(body, **{"X-Signature": sign(body, secret="")}).status_code == 404
    assert twilio("inbound/", {"MessageSid": "SM1", "From": NUMBER}, secret="").status_code == 404


@pytest.mark.parametrize("path", ["sms/", "twilio/inbound/", "twilio/status/"])
def test_what_is_too_large_or_of_another_kind_is_refused_unread(path: str) -> None:
    right = "application/json" if path == "sms/" else "application/x-www-form-urlencoded"
    large = Client().post(f"/webhooks/{path}", b"x" * (MAX_BODY_BYTES + 1), content_type=right)
    other = Client().post(f"/webhooks/{path}", b"{}", content_type="text/plain")
    lying = Client().generic("POST", f"/webhooks/{path}", b"{}", right, CONTENT_LENGTH="-1")

    assert [large.status_code, other.status_code, lying.status_code] == [413, 415, 413]
    assert Client().get(f"/webhooks/{path}").status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"[" * 30_000,
        b"\xff\xfe",
        b'{"type": "dance"}',
        b'{"type": "inbound"}',
        b'{"type": "inbound", "id": 7, "from": "+49"}',
        b'{"type": "inbound", "id": "", "from": "+49"}',
        b'{"type": "inbound", "id": "1", "from": ["+49"]}',
        b'{"type": "inbound", "id": "1", "from": "+49", "text": {}}',
        b'{"type": "status", "id": "1", "status": "sung", "key": "x"}',
        b'{"type": "status", "id": "1", "status": "sent"}',
        b'{"type": "status", "id": "1", "status": "sent", "key": "x"}',
        b'{"type": "status", "id": "1", "status": "sent", "message_id": "x", "at": "noon"}',
        b'{"type": "status", "id": "1", "status": "sent", "message_id": "x", "at": "2030-99-01"}',
        b'{"type": "status", "id": "1", "status": "sent", "message_id": "x", "at": "2030-01-01"}',
    ],
)
def test_what_cannot_be_read_is_a_400_that_says_why(body: bytes) -> None:
    answer = gateway(body)

    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 20_000, "🛑" * 1000, "\u202e"])
def test_any_text_can_be_kept(text: str) -> None:
    assert gateway(inbound(text)).status_code == 200
    assert InboundMessage.objects.count() == 1


def test_a_broken_form_of_twilio_is_a_400() -> None:
    assert twilio("inbound/", {"From": NUMBER, "Body": "STOP"}).status_code == 400
    assert twilio("status/", {"MessageSid": "SM1"}).status_code == 400


def test_twilio_signs_the_address_and_every_parameter() -> None:
    form = {"MessageSid": "SM1", "From": NUMBER, "To": "+1", "Body": "hi ä & <b>"}

    assert twilio("inbound/", form, sent={**form, "Body": "STOP"}).status_code == 403
    assert twilio("inbound/", form, sent={**form, "Extra": "1"}).status_code == 403
    assert twilio("inbound/", form, secret="guess").status_code == 403
    assert twilio("inbound/", form, headers={"X-Twilio-Signature": ""}).status_code == 403
    assert twilio("inbound/?a=b", form, headers={}).status_code == 200
    assert [row.body for row in InboundMessage.objects.all()] == ["hi ä & <b>"]


def test_the_known_example_of_twilios_signature(settings: Any) -> None:
    """From https://www.twilio.com/docs/usage/security, so that we do not only agree with us."""
    settings.PUBLIC_URL, settings.TWILIO_AUTH_TOKEN = "https://mycompany.com", "12345"
    from django.test import RequestFactory

    from aftercare.webhooks import twilio as module

    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    request = RequestFactory().post(
        "/myapp.php?foo=1&bar=2",
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
    )

    module._require_signature(request)


# replies


def test_a_reply_is_answered_and_the_repeated_webhook_gets_the_same() -> None:
    PatientFactory(mobile=NUMBER)
    event = inbound("Stop")

    first, again = gateway(event), gateway(event)

    assert "no more texts" in first.json()["reply"]
    assert again.json() == first.json()
    assert InboundMessage.objects.count() == 1
    assert opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")


def test_twilio_gets_its_answer_as_twiml() -> None:
    patient = PatientFactory(mobile=NUMBER, clinic__short_name="Skin & <Co>")
    form = {"MessageSid": "SM1", "From": NUMBER, "To": "+4930", "Body": "HELP"}

    answer, again = twilio("inbound/", form), twilio("inbound/", form)
    silent = twilio("inbound/", {**form, "MessageSid": "SM2", "Body": "Thanks!"})

    assert answer["Content-Type"].startswith("text/xml")
    text = answer.content.decode()
    assert "<Response><Message>Skin &amp; &lt;Co&gt;: for help call" in text
    assert again.content == answer.content
    assert silent.content.decode().endswith("<Response></Response>")
    assert InboundMessage.objects.filter(patient=patient).count() == 2


def test_a_webhook_needs_few_queries(django_assert_max_num_queries: Any) -> None:
    message = sent_message(
        session=SessionFactory(status=Status.BOOKED, starts_at=timezone.now() + DAY)
    )
    body, other = report(message, "delivered"), inbound("hello")

    with django_assert_max_num_queries(12):
        gateway(body)
    with django_assert_max_num_queries(16):
        gateway(other)
    assert message.created_at - timezone.now() < timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_the_same_reply_eight_times_at_once_is_one() -> None:
    patient = PatientFactory(mobile=NUMBER)
    event, answers, start = inbound("CANCEL"), [], Barrier(8)

    def send() -> None:
        start.wait()
        answers.append(gateway(event).json()["reply"])
        connection.close()

    threads = [Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert "NOT cancelled" in answers[0]
    assert InboundMessage.objects.count() == StaffTask.objects.count() == 1
    assert patient.inbound_messages.count() == 1
