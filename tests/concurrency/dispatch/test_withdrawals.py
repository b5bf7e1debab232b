"""Nothing is accepted after a withdrawal was answered, whoever records it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from aftercare.replies.address import lock_name
from clinic.db.locks import lock
from patients.models import ContactConsent
from patients.services.contact import record_contact_consent
from tests.concurrency.conftest import race
from tests.concurrency.dispatch.test_workers import outbox, until
from tests.factories import NINE
from tests.support.doubles import HttpGateway, SmtpServer


def by_staff() -> None:
    """The desk records that the patient does not want e-mails any more."""
    record_contact_consent(
        patient_id=Message.objects.values_list("patient", flat=True)[0],
        channel="EMAIL",
        purpose="CARE",
        granted=False,
        wording="Called us.",
        at=NINE,
        by=None,
    )


def by_address() -> None:
    """What every opt-out does: hold the lock of the address alone, and then write."""
    patient = Message.objects.select_related("patient")[0].patient
    with transaction.atomic():
        lock(lock_name("EMAIL", patient.email.upper()))
        ContactConsent.objects.create(
            patient=patient, channel="EMAIL", purpose="CARE", granted=False, wording="STOP"
        )


@pytest.mark.parametrize("withdraw", [by_staff, by_address])
def test_a_withdrawal_races_many_sends(
    smtp: SmtpServer, gateway: HttpGateway, withdraw: Callable[[], None]
) -> None:
    outbox(200)
    accepted_at_the_answer = []

    def stop() -> str:
        until(lambda: len(smtp.accepted) >= 5)
        withdraw()
        accepted_at_the_answer.append(len(smtp.accepted))
        return "withdrawn"

    def send() -> str:
        while dispatch.send_due(clock=lambda: NINE):
            pass
        return "done"

    assert race(stop, send, send)["withdrawn"] == 1
    dispatch.send_due(clock=lambda: NINE + timedelta(hours=2))  # what the withdrawal put off

    mails = Message.objects.filter(channel="EMAIL")
    assert len(smtp.accepted) == accepted_at_the_answer[0]
    assert mails.filter(status=MessageStatus.SENT).count() == len(smtp.accepted)
    assert mails.filter(status=MessageStatus.SUPPRESSED).count() == 100 - len(smtp.accepted)
    assert len(gateway.requests) == 100


def test_a_withdrawal_waits_for_a_call_in_flight(smtp: SmtpServer) -> None:
    outbox(1)
    smtp.delay = 0.1  # of each of six answers
    order: list[str] = []
    smtp.on_accept = lambda _: order.append("accepted")
    calling = threading.Event()
    watch: Any = dispatch._send

    def send_and_tell(*arguments: Any, **named: Any) -> Any:
        calling.set()
        return watch(*arguments, **named)

    def stop() -> str:
        assert calling.wait(10)
        by_staff()
        order.append("answered")
        return "withdrawn"

    dispatch._send = send_and_tell
    try:
        race(stop, lambda: str(dispatch.send_due(clock=lambda: NINE)))
    finally:
        dispatch._send = watch

    assert order == ["accepted", "answered"]
