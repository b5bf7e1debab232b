"""A deployment: a real worker is told to stop while a slow provider has the message."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from aftercare.models import Message
from aftercare.tasks import send_due_messages
from clinic.models import Heartbeat
from tests.concurrency.dispatch.test_workers import until
from tests.dispatch.test_dispatch import ready
from tests.factories import DAY, HOUR
from tests.support.doubles import SmtpServer


@pytest.fixture
def worker(smtp: SmtpServer) -> Any:
    """A worker of this database and broker, as in production."""
    address = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "clinic", "worker", "--concurrency", "2"),
            *("--without-gossip", "--without-mingle", "--loglevel", "CRITICAL"),
        ],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": address._replace(path=f"/{name}").geturl(),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
            "CLINIC_DEMO": "false",
        },
    )
    yield process
    process.kill()
    process.wait()


def test_a_warm_stop_takes_less_than_25_seconds_and_loses_nothing(
    smtp: SmtpServer, worker: "subprocess.Popen[bytes]"
) -> None:
    """Each message takes seconds; wake-ups come twice, as from two beats."""
    now = timezone.now()
    for _ in range(20):
        ready(due_at=now - HOUR, expires_at=now + DAY)
    smtp.delay = 1.0  # of each of three answers, and of six when it connects
    for _ in range(2):
        send_due_messages.apply_async()
    until(lambda: len(smtp.accepted) > 0, seconds=90)
    assert Heartbeat.objects.filter(name="worker").exists()

    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=60)
    took = time.monotonic() - began

    statuses = Counter(Message.objects.values_list("status", flat=True))
    assert took < 25
    assert set(statuses) == {"SENT", "PENDING"}
    assert statuses["SENT"] == len(smtp.accepted) == len(set(smtp.accepted))
    assert statuses.total() == 20
