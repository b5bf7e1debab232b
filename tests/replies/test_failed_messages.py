"""What staff see of a message that did not arrive, and what they can do about it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare import services
from aftercare.models import Message, MessageStatus
from clinic.models import Clinic, User
from patients.models import StaffTask, TaskKind, TaskStatus
from tests.admin.pages import client_of as admin_of
from tests.factories import NINE, SENDING, MessageFactory
from tests.support.accesses import RECORDED
from tests.support.forms import send

pytestmark = pytest.mark.django_db


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

    with django_assert_num_queries(3 + RECORDED):
        shown = as_dana.get(f"/api/v1/messages/{message.pk}/").json()

    assert [receipt["kind"] for receipt in shown["receipts"]] == ["DELIVERED"] * 3
    assert shown["tries"] == []
