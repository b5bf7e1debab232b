"""What e-mail providers report: through Anymail."""

import base64
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from aftercare.models import DeliveryReceipt, Message, MessageStatus
from aftercare.replies import opt_out
from patients.models import Channel, StaffTask
from tests.house.test_architecture import PRODUCTION, manage
from tests.replies.provider import sent_message, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("secrets")]


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
