"""Webhooks: forged, replayed, reordered, oversized and broken requests; receipts move forward."""

import base64
import hashlib
import hmac
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
from django.urls import include, path
from django.utils import timezone

from aftercare.models import DeliveryReceipt, InboundMessage, Message, MessageAttempt, MessageStatus
from aftercare.replies import opt_out
from aftercare.webhooks.base import MAX_BODY_BYTES
from patients.models import Channel, StaffTask, TaskKind, TaskStatus
from sessions.lifecycle import Status
from tests.factories import DAY, MessageFactory, PatientFactory, SessionFactory
from tests.house.test_architecture import PRODUCTION, manage

pytestmark = pytest.mark.django_db
NUMBER = "+4915123456789"
SECRET = "gateway-secret"
TWILIO = "twilio-secret"


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.SMS_WEBHOOK_SECRET = SECRET
    settings.TWILIO_AUTH_TOKEN = TWILIO
    settings.PUBLIC_URL = "https://clinic.example"


def sign(body: bytes, *, t: float | None = None, secret: str = SECRET) -> str:
    stamp = str(int(time.time() if t is None else t))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def gateway(event: Any, **headers: Any) -> Any:
    """A request as the generic gateway sends it."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"X-Signature": sign(body), **headers}
    return Client().post("/webhooks/sms/", body, content_type="application/json", headers=headers)


def twilio(path: str, form: dict[str, str], *, secret: str = TWILIO, **changes: Any) -> Any:
    """A request as Twilio sends it."""
    url = f"https://clinic.example/webhooks/twilio/{path}"
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(mac).decode(), **changes.pop("headers", {})}
    return Client().post(
        f"/webhooks/twilio/{path}",
        urlencode(changes.pop("sent", form)),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


def inbound(text: str, **changes: Any) -> dict[str, Any]:
    event = {"type": "inbound", "id": str(uuid4()), "from": NUMBER, "to": "+4930", "text": text}
    return {**event, **changes}


def report(message: Message, status: str, **changes: Any) -> dict[str, Any]:
    event = {"type": "status", "id": str(uuid4()), "key": str(message.key), "status": status}
    return {**event, **changes}


def sent_message(status: str = MessageStatus.SENT, **changes: Any) -> Message:
    values: dict[str, Any] = {"status": status, "attempts": 1, "channel": Channel.SMS}
    if status == MessageStatus.SENT:
        values["sent_at"] = timezone.now()
    elif status not in (MessageStatus.PENDING,):
        values["reason"] = "why"
    return MessageFactory(session__plan__patient__mobile=NUMBER, **{**values, **changes})


# the door


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
    assert not InboundMessage.objects.filter(body="STOP").exists()


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
    silent = twilio("inbound/", {**form, "MessageSid": "SM2", "Body": "What a day"})

    assert answer["Content-Type"].startswith("text/xml")
    text = answer.content.decode()
    assert "<Response><Message>Skin &amp; &lt;Co&gt;: for help call" in text
    assert again.content == answer.content
    assert silent.content.decode().endswith("<Response></Response>")
    assert InboundMessage.objects.filter(patient=patient).count() == 2


# receipts


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.status


def test_a_delivery_is_written_down_once() -> None:
    message = sent_message()
    event = report(message, "delivered", at="2020-01-01T10:00:00Z")

    assert [gateway(event).status_code for _ in range(3)] == [200, 200, 200]

    assert state(message) == MessageStatus.DELIVERED
    receipt = DeliveryReceipt.objects.get()
    assert receipt.occurred_at.year == 2020
    assert receipt.message == message


def test_reordered_reports_never_move_a_message_back() -> None:
    message = sent_message()

    for status in ("delivered", "sent", "failed", "unknown_number", "sent"):
        gateway(report(message, status))
        assert state(message) == MessageStatus.DELIVERED
    assert DeliveryReceipt.objects.count() == 5


def test_a_failed_message_stays_failed() -> None:
    message = sent_message()

    for status in ("failed", "delivered", "sent"):
        gateway(report(message, status))
        assert state(message) == MessageStatus.FAILED


@pytest.mark.parametrize(
    ("status", "expected"),
    [("sent", "SENT"), ("delivered", "DELIVERED"), ("failed", "FAILED")],
)
def test_a_receipt_resolves_what_was_in_doubt(status: str, expected: str) -> None:
    message = sent_message(MessageStatus.SENDING, lease_until=timezone.now(), worker="w", reason="")
    message.end(MessageStatus.IN_DOUBT, "the worker died", at=timezone.now())
    doubt = StaffTask.objects.get()
    assert doubt.kind == TaskKind.MESSAGE_IN_DOUBT

    gateway(report(message, status))

    assert state(message) == expected
    doubt.refresh_from_db()
    assert doubt.status == TaskStatus.DONE
    open_kinds = list(StaffTask.objects.open().values_list("kind", flat=True))
    assert open_kinds == (["MESSAGE_FAILED"] if expected == "FAILED" else [])


@pytest.mark.parametrize("status", ["sent", "delivered"])
def test_a_receipt_takes_a_message_off_its_next_try(status: str) -> None:
    """The try before was accepted after all: it must not be sent again."""
    message = sent_message(MessageStatus.PENDING)

    gateway(report(message, status))

    assert state(message) == status.upper()


@pytest.mark.parametrize("ended", ["CANCELLED", "SUPPRESSED", "EXPIRED"])
@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
def test_a_receipt_does_not_wake_what_has_ended(ended: str, status: str) -> None:
    message = sent_message(ended)

    assert gateway(report(message, status)).status_code == 200
    assert state(message) == ended


def test_what_was_never_tried_cannot_have_arrived() -> None:
    message = sent_message(MessageStatus.PENDING, attempts=0)

    gateway(report(message, "delivered"))

    assert state(message) == MessageStatus.PENDING


def test_an_unknown_message_is_accepted_and_ignored(caplog: Any) -> None:
    caplog.set_level("INFO", logger="aftercare.replies.receipts")
    answers = [
        gateway(report(Message(pk=uuid4()), "delivered")),
        gateway({"type": "status", "id": "1", "status": "sent", "message_id": "nobody's"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert not DeliveryReceipt.objects.exists()
    assert "unknown message" in caplog.text


def test_an_unknown_number_is_not_written_to_again_and_the_desk_is_told() -> None:
    message = sent_message()

    gateway(report(message, "unknown_number", detail="error 30005"))

    assert state(message) == MessageStatus.FAILED
    refusal = opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")
    assert refusal is not None
    assert (refusal.source, refusal.message) == ("HARD_BOUNCE", message)
    task = StaffTask.objects.get()
    assert (task.kind, task.patient) == (TaskKind.BAD_ADDRESS, message.patient)
    assert NUMBER in task.detail


def test_a_late_bounce_blocks_the_address_it_went_to_not_the_corrected_one() -> None:
    message = sent_message()
    message.patient.mobile = "+4915199999999"
    message.patient.save()

    gateway(report(message, "unknown_number", to=NUMBER))

    assert opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")
    assert not opt_out.refusal(channel="SMS", address="+4915199999999", purpose="CARE")


def test_twilio_reports_by_our_key_or_by_its_sid() -> None:
    by_key, by_sid = sent_message(MessageStatus.IN_DOUBT), sent_message()
    MessageAttempt.objects.create(
        message=by_sid,
        number=1,
        provider="twilio",
        worker="w",
        started_at=timezone.now(),
        outcome="ACCEPTED",
        provider_id="SM2",
    )
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}

    assert twilio(f"status/?key={by_key.key}", form).status_code == 204
    assert twilio("status/", {**form, "MessageSid": "SM2"}).status_code == 204
    twilio("status/", {**form, "MessageSid": "SM2", "MessageStatus": "sent"})
    twilio("status/", {**form, "MessageSid": "SM2", "MessageStatus": "canceled"})

    assert state(by_key) == state(by_sid) == MessageStatus.DELIVERED


def test_twilios_error_codes_tell_a_dead_number_from_bad_luck() -> None:
    dead, unlucky = sent_message(), sent_message()
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}

    twilio(f"status/?key={unlucky.key}", form)
    assert state(unlucky) == MessageStatus.FAILED
    assert not opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")

    twilio(f"status/?key={dead.key}", {**form, "MessageSid": "SM2", "ErrorCode": "30005"})
    assert opt_out.refusal(channel="SMS", address=NUMBER, purpose="CARE")


# e-mail


urlpatterns = [path("webhooks/email/", include("anymail.urls"))]


@pytest.fixture
def postmark(settings: Any) -> Any:
    """Reports as Postmark sends them to anymail's webhook."""
    settings.ROOT_URLCONF = __name__
    settings.ANYMAIL = {"WEBHOOK_SECRET": "clinic:secret"}

    def send(kind: str, message: Message, login: str = "clinic:secret", **event: Any) -> int:
        body = {
            "RecordType": kind,
            "MessageID": "pm-1",
            "ID": 7,
            "Recipient": message.patient.email,
            "Email": message.patient.email,
            "DeliveredAt": "2026-11-01T10:00:00Z",
            "BouncedAt": "2026-11-01T10:00:00Z",
            "Metadata": {"key": str(message.key)},
            **event,
        }
        basic = base64.b64encode(login.encode()).decode()
        answer = Client().post(
            "/webhooks/email/postmark/tracking/",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Basic {basic}"},
        )
        return answer.status_code

    return send


def test_an_e_mail_provider_reports_through_anymail(postmark: Any) -> None:
    message = sent_message(MessageStatus.IN_DOUBT, channel=Channel.EMAIL)

    assert postmark("Delivery", message, login="clinic:guess") == 400
    assert state(message) == MessageStatus.IN_DOUBT
    assert [postmark("Delivery", message) for _ in range(2)] == [200, 200]

    assert state(message) == MessageStatus.DELIVERED
    assert DeliveryReceipt.objects.get().provider == "anymail"


@pytest.mark.parametrize(
    ("kind", "event", "source", "status"),
    [
        ("Bounce", {"Type": "HardBounce", "TypeCode": 1}, "HARD_BOUNCE", "FAILED"),
        ("SpamComplaint", {"Type": "SpamComplaint", "TypeCode": 512}, "COMPLAINT", "DELIVERED"),
        ("Bounce", {"Type": "SoftBounce", "TypeCode": 4096}, None, "SENT"),
        ("Open", {}, None, "SENT"),
    ],
)
def test_bounces_and_complaints_close_an_address(
    postmark: Any, kind: str, event: dict[str, Any], source: str | None, status: str
) -> None:
    message = sent_message(channel=Channel.EMAIL)

    assert postmark(kind, message, **event) == 200

    refusal = opt_out.refusal(channel="EMAIL", address=message.patient.email, purpose="CARE")
    assert (refusal.source if refusal else None) == source
    assert state(message) == status
    kinds = list(StaffTask.objects.open().values_list("kind", flat=True))
    assert kinds == (["BAD_ADDRESS"] if source else [])


def test_e_mail_webhooks_are_open_only_with_their_secret() -> None:
    code = "from django.urls import resolve; resolve('/webhooks/email/postmark/tracking/')"
    anymail = {**PRODUCTION, "EMAIL_PROVIDER": "anymail"}

    with_secret = manage("shell", "-v0", "-c", code, **anymail, ANYMAIL_WEBHOOK_SECRET="a:b")
    without = manage("shell", "-v0", "-c", code, **anymail)

    assert with_secret.returncode == 0, with_secret.stderr
    assert "Resolver404" in without.stderr


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
