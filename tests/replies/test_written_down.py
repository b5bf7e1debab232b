"""What webhooks and commands do to patients' data leaves one row, in the same transaction."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.urls import get_resolver

from aftercare.models import DeliveryReceipt, InboundMessage
from tests.factories import PatientFactory
from tests.replies.provider import NUMBER, gateway, report, sent_message, twilio
from tests.replies.test_email_webhooks import postmark
from tests.replies.test_webhooks import inbound
from tests.support.accesses import Watch, stop_writing

__all__ = ["postmark"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("secrets")]
SMS = {"From": NUMBER, "To": "+4930", "Body": "Hello", "MessageSid": "SM1"}
# Of each route a request that is taken in, with what is written down of it.
ROUTES: dict[str, Any] = {
    "webhook-sms": lambda message: gateway(report(message, "delivered")),
    "webhook-twilio-inbound": lambda _: twilio("inbound/", SMS),
    "webhook-twilio-status": lambda message: twilio(
        f"status/?key={message.key}", {"MessageSid": "SM2", "MessageStatus": "delivered"}
    ),
}
# Commands that write a row themselves or through what they call, and those that show and change
# nothing of one patient.
WRITTEN = {"end_second_factor", "erase_again", "restore"}
OF_NO_PATIENT = {
    *("audit", "backup", "grants", "migrate", "rotate_keys", "schema", "seed_catalogue", "seen"),
    *("write_docs", "resume_dispatch", "assess", "triage"),
}


def test_every_route_of_a_webhook_is_tried_here() -> None:
    names = {
        one.name
        for one in get_resolver().url_patterns
        if str(one.pattern).startswith("webhooks/") and hasattr(one, "name")
    }

    assert names == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_each_leaves_one_row(route: str) -> None:
    message, watch = sent_message(), Watch()

    assert ROUTES[route](message).status_code in (200, 204)
    (row,) = watch.rows()
    is_reply = route == "webhook-twilio-inbound"
    assert (row.door, row.place, row.action) == ("WEBHOOK", route, "WRITE")
    assert row.patient_ids == [message.patient_id]
    assert row.actor_kind == ("PATIENT" if is_reply else "SYSTEM")
    assert row.object_id is not None


def test_an_e_mail_provider_and_somebody_unknown_leave_one_too(postmark: Any) -> None:
    message, watch = sent_message(channel="EMAIL"), Watch()
    assert postmark("Delivery", message) == 200
    assert [(row.place, row.patient_ids) for row in watch.rows()] == [
        ("webhook-email", [message.patient_id])
    ]


def test_of_an_unknown_number_it_names_nobody() -> None:
    watch = Watch()
    assert gateway(inbound("Hello", **{"from": "+4915199999999"})).status_code == 200
    assert [(row.actor_kind, row.patient_ids) for row in watch.rows()] == [("NOBODY", [])]


def test_without_its_row_nothing_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    PatientFactory(mobile=NUMBER)
    message = sent_message()
    stop_writing(monkeypatch)

    assert gateway(inbound("STOP")).status_code == 503
    assert gateway(report(message, "delivered")).status_code == 503
    assert not InboundMessage.objects.exists()
    assert not DeliveryReceipt.objects.exists()


def test_every_command_says_whether_it_touches_a_patient() -> None:
    folders = Path(product.BASE_DIR).glob("*/management/commands/*.py")
    ours = {one.stem for one in folders if one.stem != "__init__" and "tests" not in one.parts}

    assert ours - {"up", "tour", "demo"} <= WRITTEN | OF_NO_PATIENT
    assert ours >= WRITTEN | OF_NO_PATIENT
