"""What a monitor is told about the outbox, and what a watchdog is."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from aftercare.models import DispatchGuard, Message
from clinic.models import Heartbeat
from clinic.ops import metrics
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scrape(client: Client, settings: Any) -> Any:
    settings.METRICS_TOKEN = "t0ken"

    def read() -> dict[tuple[str, str], float]:
        answer = client.get("/metrics", headers={"Authorization": "Bearer t0ken"})
        assert answer.status_code == 200
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


def test_the_figures_are_those_of_the_outbox(scrape: Any) -> None:
    now = timezone.now()
    Heartbeat.beat("beat", at=now - MINUTE)
    MessageFactory(due_at=now - 10 * MINUTE)
    MessageFactory(due_at=now - MINUTE)
    MessageFactory(due_at=now + MINUTE)
    held = {"worker": "w", "lease_until": now}
    MessageFactory(status="CLAIMED", **held)
    MessageFactory(status="SENDING", **held)
    MessageFactory(status="IN_DOUBT", reason="?", ended_at=now)
    MessageFactory(status="FAILED", reason="no", ended_at=now - MINUTE)
    MessageFactory(status="FAILED", reason="no", ended_at=now - timedelta(days=2))
    for late in (2, 30, 100_000):
        sent = now - MINUTE
        due = sent - timedelta(seconds=late)
        MessageFactory(status="SENT", due_at=due, sent_at=sent, ended_at=sent)

    figures = scrape()

    assert figures["clinic_messages_due", ""] == 2
    assert 600 <= figures["clinic_messages_oldest_due_seconds", ""] < 660
    open_ones = {s: figures["clinic_messages_open", s] for s in ("PENDING", "CLAIMED", "SENDING")}
    assert open_ones == {"PENDING": 3, "CLAIMED": 1, "SENDING": 1}
    assert figures["clinic_messages_open", "IN_DOUBT"] == 1
    assert figures["clinic_messages_ended", "FAILED"] == 1
    assert figures["clinic_messages_ended", "SENT"] == 3
    name = "clinic_messages_lateness_seconds"
    buckets = {b: figures[f"{name}_bucket", b] for b in ("1", "5", "15", "60", "14400", "+Inf")}
    assert buckets == {"1": 0, "5": 1, "15": 1, "60": 2, "14400": 2, "+Inf": 3}
    assert (figures[f"{name}_count", ""], figures[f"{name}_sum", ""]) == (3, 100_032)
    assert 60 <= figures["clinic_part_silent_seconds", "beat"] < 120


def test_an_empty_outbox_has_figures_too(scrape: Any) -> None:
    figures = scrape()

    assert figures["clinic_messages_due", ""] == 0
    assert figures["clinic_messages_oldest_due_seconds", ""] == 0
    assert figures["clinic_messages_lateness_seconds_count", ""] == 0


@pytest.fixture
def many_sent() -> None:
    """Five thousand messages, twenty of which wait."""
    session = MessageFactory().session
    step = Message.objects.get().step
    now = timezone.now()
    Message.objects.bulk_create(
        Message(
            clinic=session.clinic,
            patient=session.patient,
            session=session,
            step=step,
            channel="EMAIL",
            occurrence=number,
            due_at=now - timedelta(days=30),
            expires_at=now,
            status="SENT" if number > 20 else "PENDING",
            sent_at=now - timedelta(days=30) if number > 20 else None,
            ended_at=now - timedelta(days=30) if number > 20 else None,
        )
        for number in range(2, 5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE aftercare_message")


def test_the_number_of_queries_is_fixed_and_none_reads_the_whole_table(
    scrape: Any, many_sent: None
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        scrape()

    assert len(queries) == 4
    for query in queries.captured_queries[:3]:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(row[0] for row in cursor)
        assert "Seq Scan on aftercare_message" not in plan, plan


def test_of_very_many_that_wait_it_says_about_how_many(
    scrape: Any, many_sent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST", 10)

    figures = scrape()

    assert 15 <= figures["clinic_messages_open", "PENDING"] <= 25
    assert figures["clinic_messages_due", ""] == 10


def test_metrics_are_for_who_has_the_token(client: Client, settings: Any) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "t0ken"

    for header in ("", "Bearer", "Bearer other", "Basic t0ken", "Bearer t0kenø"):
        answer = client.get("/metrics", headers={"Authorization": header})
        assert answer.status_code == 401, header
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.fixture
def healthy() -> None:
    Heartbeat.beat("beat", at=timezone.now())


def reasons(client: Client) -> list[str]:
    answer = client.get("/healthz/dispatch")
    found: list[str] = answer.json()["reasons"]
    assert answer.status_code == (503 if found else 200)
    return found


def test_the_watchdog_is_content(client: Client, healthy: None) -> None:
    now = timezone.now()
    MessageFactory(due_at=now - 4 * MINUTE)
    MessageFactory(status="IN_DOUBT", reason="?", ended_at=now - 14 * MINUTE)

    assert reasons(client) == []


def test_the_watchdog_reads_one_row_of_each_kind(client: Client, healthy: None) -> None:
    """Also when nothing is overdue and PostgreSQL believes that most of the table is."""
    now = timezone.now()
    waiting = MessageFactory(due_at=now - 10 * MINUTE)
    Message.objects.bulk_create(
        Message(
            **dict.fromkeys(("due_at", "expires_at"), now - 10 * MINUTE),
            clinic=waiting.clinic,
            patient=waiting.patient,
            session=waiting.session,
            step=waiting.step,
            channel="EMAIL",
            occurrence=number,
        )
        for number in range(2, 3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE aftercare_message")
    Message.objects.update(due_at=now + MINUTE)

    with CaptureQueriesContext(connection) as queries:
        assert reasons(client) == []

    asked = [query["sql"] for query in queries if "aftercare_message" in query["sql"]]
    assert len(asked) == 2
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, COSTS OFF) " + sql)
            plan = "\n".join(row[0] for row in cursor)
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan


def test_the_watchdog_names_what_is_wrong(client: Client) -> None:
    now = timezone.now()
    MessageFactory(due_at=now - 6 * MINUTE)
    MessageFactory(status="IN_DOUBT", reason="?", ended_at=now - 16 * MINUTE)
    Heartbeat.beat("beat", at=now - 3 * MINUTE)
    DispatchGuard.objects.update(site="elsewhere.example")

    assert reasons(client) == [
        "a message is due for more than 5 minutes",
        "a message is in doubt for more than 15 minutes",
        "beat is silent for more than 2 minutes",
        "nothing is sent: not the database that may send: other site",
    ]


def test_the_watchdog_answers_without_a_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr("clinic.ops.health._why_not_dispatching", away)

    assert reasons(client) == ["the database does not answer"]
