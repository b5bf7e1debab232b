"""`/metrics` for Prometheus: how the outbox and the parts that run by themselves are doing.

Everything is read from the database when it is asked for, so any web process can answer, and by
indexes that do not grow with the age of the clinic. Nothing in it tells one patient from another.
"""

import hmac
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from clinic.models import Heartbeat

MOST = 10_000  # counted at most: a scrape must stay cheap in whatever trouble
LATENESS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600)  # seconds
OPEN = """
    SELECT
        (SELECT count(*) FROM (SELECT FROM aftercare_message
            WHERE status = 'PENDING' AND due_at <= %(now)s
            ORDER BY due_at LIMIT %(most)s) AS due),  -- in order: not all of an index first
        (SELECT extract(epoch FROM %(now)s - min(due_at)) FROM aftercare_message
            WHERE status = 'PENDING' AND due_at <= %(now)s),
        (SELECT count(*) FROM (SELECT FROM aftercare_message
            WHERE status = 'PENDING' ORDER BY due_at LIMIT %(most)s) AS pending),
        (SELECT count(*) FROM aftercare_message
            -- both, because the partial index is for both
            WHERE status IN ('CLAIMED', 'SENDING') AND status = 'CLAIMED'),
        (SELECT count(*) FROM aftercare_message
            WHERE status IN ('CLAIMED', 'SENDING') AND status = 'SENDING'),
        (SELECT count(*) FROM (SELECT FROM aftercare_message
            WHERE status = 'IN_DOUBT' LIMIT %(most)s) AS in_doubt)
"""
# Of more than that, what PostgreSQL believes by its sample: several wait for every visit ahead.
BELIEVED = "EXPLAIN SELECT FROM aftercare_message WHERE status = 'PENDING'"
ENDED = """
    SELECT status, count(*) FROM aftercare_message
    WHERE ended_at > %(now)s - interval '24 hours' AND status <> 'IN_DOUBT'
    GROUP BY status
"""
LATE = """
    SELECT width_bucket(greatest(extract(epoch FROM sent_at - due_at), 0)::float8,
            %(bounds)s::float8[]) AS bucket,
        count(*), sum(greatest(extract(epoch FROM sent_at - due_at), 0))
    FROM aftercare_message
    WHERE ended_at > %(now)s - interval '1 hour' AND status IN ('SENT', 'DELIVERED')
    GROUP BY bucket
"""


class Outbox(Collector):
    """Four queries, whatever there is, and a fifth of very many."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        values = {"now": now, "most": MOST}
        due, oldest, pending, claimed, sending, in_doubt = _rows(OPEN, values)[0]
        if pending == MOST:
            pending = max(pending, _believed())
        yield GaugeMetricFamily(
            "clinic_messages_due", f"Messages that should be sent now (at most {MOST}).", due
        )
        yield GaugeMetricFamily(
            "clinic_messages_oldest_due_seconds",
            "For how long the oldest of them has been waiting; 0 if none is.",
            float(oldest or 0),
        )
        waiting = GaugeMetricFamily(
            "clinic_messages_open",
            f"Messages that have not ended, per status; of more than {MOST}, about so many.",
            labels=["status"],
        )
        for status, count in (
            ("PENDING", pending),
            ("CLAIMED", claimed),
            ("SENDING", sending),
            ("IN_DOUBT", in_doubt),
        ):
            waiting.add_metric([status], count)
        yield waiting
        ended = GaugeMetricFamily(
            "clinic_messages_ended",
            "Messages that have ended in the last 24 hours, per status. A window, no total.",
            labels=["status"],
        )
        for status, count in _rows(ENDED, values):
            ended.add_metric([status], count)
        yield ended
        yield _lateness(_rows(LATE, {**values, "bounds": list(LATENESS)}))
        seen = GaugeMetricFamily(
            "clinic_part_silent_seconds",
            "For how long beat and the worker have not said that they live.",
            labels=["part"],
        )
        parts = Heartbeat.objects.exclude(name="probe").exclude(name__startswith="try-")
        for name, seen_at in parts.values_list("name", "seen_at"):
            seen.add_metric([name], (now - seen_at).total_seconds())
        yield seen


def _lateness(rows: list[Any]) -> Metric:
    counts = {bucket: count for bucket, count, _ in rows}
    buckets, so_far = [], 0
    for number, bound in enumerate([*map(str, LATENESS), "+Inf"]):
        so_far += counts.get(number, 0)
        buckets.append((bound, so_far))
    return HistogramMetricFamily(
        "clinic_messages_lateness_seconds",
        "How late messages were handed over, of those of the last hour. A window, no total.",
        buckets=buckets,
        sum_value=float(sum(total for _, _, total in rows)),
    )


def _believed() -> int:
    (plan,) = _rows(BELIEVED, {})[0]
    return int(re.findall(r"rows=(\d+)", plan)[0])


def _rows(sql: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


REGISTRY = CollectorRegistry()
REGISTRY.register(Outbox())  # describes itself by collecting only when asked


def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever has METRICS_TOKEN. Without one in the settings there are no metrics."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN:
        return HttpResponse("Set METRICS_TOKEN to have metrics.\n", status=404)
    if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        answer = HttpResponse("Who asks? Authorization: Bearer METRICS_TOKEN\n", status=401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
