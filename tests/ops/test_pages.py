"""The front page, the inbox, and the two health checks."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.channels.email import SmtpChannel
from aftercare.channels.sms import capture_sms
from clinic import urls  # now, while this is the demo: what is mounted depends on that
from clinic.celery import HeartbeatScheduler, app
from clinic.demo.capture import Capture
from clinic.demo.mailbox import newest
from clinic.embedded.process import free_port
from clinic.models import Heartbeat
from tests.dispatch.test_channels import MAIL
from tests.support.doubles import running

pytestmark = pytest.mark.django_db


def test_the_front_page_leads_on_and_names_the_demo_accounts(client: Client) -> None:
    page = client.get("/").content.decode()

    for link in ("/admin/", "/api/docs/", "/inbox/"):
        assert f'href="{link}"' in page
    for account in ("desk", "clinician", "manager", "admin", "auditor", "desk2", "clinician2"):
        assert f"<code>{account}</code>" in page


def test_outside_the_demo_the_front_page_tells_nothing(client: Client, settings: Any) -> None:
    settings.DEMO = False

    page = client.get("/").content.decode()

    assert "demo" not in page
    assert "/inbox/" not in page


def test_the_demo_is_not_mixed_into_a_real_clinic(settings: Any) -> None:
    settings.DEMO = False

    with pytest.raises(CommandError, match="This is no demo"):
        call_command("seed_demo")


def test_the_inbox_does_not_exist_outside_the_demo(settings: Any) -> None:
    from importlib import reload

    from django.urls import Resolver404, clear_url_caches, resolve

    settings.DEMO = False
    try:
        clear_url_caches()
        reload(urls)
        with pytest.raises(Resolver404):
            resolve("/inbox/", urlconf="clinic.urls")
    finally:
        settings.DEMO = True
        reload(urls)
        clear_url_caches()


def test_mail_and_sms_appear_in_the_inbox(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.INBOX_DIR = str(tmp_path)
    settings.EMAIL_PORT = free_port()
    with running(Capture(tmp_path, smtp_port=settings.EMAIL_PORT, sms_port=free_port()).start()):
        channel = SmtpChannel()
        channel.send(MAIL)
        channel.close()
    key = "01890000-0000-7000-8000-000000000002"
    capture_sms(tmp_path, {"to": "+4915100000000", "from": "River", "text": "Hi <b>", "key": key})

    page = client.get("/inbox/").content.decode()
    mine = client.get("/inbox/messages.json", {"to": MAIL.to}).json()["messages"]
    html = client.get(f"/inbox/mail/{mine[0]['id']}/")

    assert "Hi &lt;b&gt;" in page
    assert MAIL.subject in page
    assert [m["text"].strip() for m in mine] == ["Hello Grace"]
    assert html.content.decode().strip() == MAIL.html
    assert html["Content-Security-Policy"].startswith("sandbox;")
    assert client.get("/inbox/mail/nothing/").status_code == 404
    assert client.get("/inbox/mail/../").status_code == 404
    assert len(newest()) == 2


def test_the_captured_gateway_refuses_nonsense(tmp_path: Path) -> None:
    import requests

    port = free_port()
    with running(Capture(tmp_path, smtp_port=free_port(), sms_port=port).start()):
        answers = [
            requests.post(f"http://127.0.0.1:{port}/sms", data=data, timeout=5).status_code
            for data in ("", "[]", "{}", '{"key": "../../x"}', '{"key": 7}')
        ]

    assert answers == [400] * 5
    assert list(tmp_path.iterdir()) == []


def test_healthz_needs_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.fixture
def alive() -> None:
    for name in ("beat", "worker"):
        Heartbeat.beat(name, at=timezone.now())


@pytest.mark.usefixtures("alive")
def test_readyz_is_ready_when_every_part_is(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("part", ["beat", "worker"])
def test_readyz_notices_a_part_that_fell_silent(client: Client, part: str) -> None:
    Heartbeat.beat(part, at=timezone.now() - timedelta(minutes=5))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert {name for name, works in answer.json().items() if not works} == {"ready", part}
    with pytest.raises(CommandError, match=f"{part} is silent"):
        call_command("seen", part)
    call_command("seen", ({"beat", "worker"} - {part}).pop())


@pytest.mark.usefixtures("alive")
def test_readyz_notices_a_lost_broker(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    assert client.get("/readyz").json()["broker"] is False


@pytest.mark.usefixtures("alive")
def test_readyz_notices_a_missing_migration(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'treatment_sessions' AND name = "
            "(SELECT max(name) FROM django_migrations WHERE app = 'treatment_sessions')"
        )

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["migrations"]) == (503, False)


@pytest.mark.usefixtures("alive")
def test_readyz_answers_without_a_database(client: Client) -> None:
    from django.db import OperationalError

    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, False)


@pytest.mark.usefixtures("alive")
def test_readyz_writes_a_row_and_a_file_and_says_why_it_cannot(client: Client) -> None:
    """So that a full disk and a standby are seen; a read of them works."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/readyz").json()["database"] is True
    assert Heartbeat.objects.filter(name="probe").count() == 1
    [probe] = [query["sql"] for query in queries if "generate_series" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {probe}")
        assert "temp read" in " ".join(row[0] for row in cursor)
        cursor.execute("SET TRANSACTION READ ONLY")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, False)
    assert answer.json()["database_says"] == "it is read-only, or a standby"


def test_beat_writes_that_it_lives() -> None:
    scheduler = HeartbeatScheduler(app, lazy=True)
    scheduler.schedule = {}

    wait = scheduler.tick()

    assert Heartbeat.objects.get(name="beat").seen_at > timezone.now() - timedelta(seconds=5)
    assert wait <= scheduler.heartbeat_seconds
