"""A worker that stands still beyond its lease, as a paused virtual machine does, is not dead."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.conf import settings
from django.utils import timezone

from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from patients.models import Channel
from sessions.lifecycle import Status
from tests.concurrency.booking.test_http_bookings import address_of_test_database
from tests.factories import (
    DAY,
    CareStepFactory,
    ContactConsentFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import HttpGateway

LEASE = 0.5  # seconds
PAUSES = 4
EACH = 2  # messages for each pause


@contextmanager
def worker(gateway: HttpGateway, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.dispatch.sender", *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": address_of_test_database(),
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "CLINIC_LEASE_SECONDS": str(LEASE),
            "SMS_HTTP_URL": settings.SMS_HTTP_URL,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        expect("ready", process)
        yield process
    finally:
        process.kill()
        process.communicate()


def expect(word: str, process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{word}\n"


def pause_while_calling(process: "subprocess.Popen[str]", gateway: HttpGateway) -> None:
    """Stop the worker while the provider is taking a message; meanwhile another worker comes by."""
    before = len(gateway.requests)
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    ends = monotonic() + 30
    while len(gateway.requests) == before:
        assert monotonic() < ends, "the worker has called nobody"
        sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    sleep(1.5 * LEASE)

    dispatch.send_due(clock=timezone.now)

    process.send_signal(signal.SIGCONT)
    expect("done", process)


def send_with_pauses(gateway: HttpGateway, *arguments: str) -> "Counter[str]":
    """How often the provider was asked to send each message."""
    gateway.delay = 0.5
    step = CareStepFactory(is_safety=True)  # no limit for its SMS
    TemplateFactory(step=step, channel=Channel.SMS)
    session = SessionFactory(status=Status.COMPLETED)
    ContactConsentFactory(patient=session.patient, channel=Channel.SMS)
    with worker(gateway, *arguments) as process:
        for number in range(PAUSES):
            now = timezone.now()
            Message.objects.bulk_create(
                Message(
                    clinic=session.clinic,
                    patient=session.patient,
                    session=session,
                    step=step,
                    channel=Channel.SMS,
                    occurrence=EACH * number + one,
                    due_at=now,
                    expires_at=now + DAY,
                )
                for one in range(1, EACH + 1)
            )
            pause_while_calling(process, gateway)
    return Counter(json.loads(request["body"])["key"] for request in gateway.requests)


def test_a_worker_that_was_paused_during_a_call_doubles_nothing(gateway: HttpGateway) -> None:
    asked = send_with_pauses(gateway)

    assert asked == {str(key): 1 for key in Message.objects.values_list("pk", flat=True)}
    assert len(asked) == PAUSES * EACH
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENT}


def test_control_without_the_row_lock_a_paused_worker_doubles(gateway: HttpGateway) -> None:
    """The gateway is said to de-duplicate, so whatever looks orphaned is sent again at once."""
    asked = send_with_pauses(gateway, "unlocked")

    assert max(asked.values()) > 1
