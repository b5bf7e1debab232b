"""Is it alive, and can it do its work? For load balancers, watchdogs and `manage.py up`."""

from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from aftercare.dispatch import guard, outages
from aftercare.models import Message, MessageStatus
from clinic.db import schema
from clinic.models import Heartbeat

# How long a part may be silent. Beat writes every 5 seconds, the worker whenever it is woken.
PARTS = {
    "beat": timedelta(seconds=60),
    "worker": timedelta(seconds=60 + settings.WAKE_SECONDS),
}
# What the watchdog of the messages puts up with.
OLDEST_DUE = timedelta(minutes=5)
OLDEST_DOUBT = timedelta(minutes=15)
BEAT_SILENT = timedelta(minutes=2)

PROBE_ROW = """
    INSERT INTO clinic_heartbeat (name, seen_at) VALUES ('probe', %s)
    ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
"""
PROBE_FILE = "SELECT count(*) FROM generate_series(1, 10000)"  # kept in a file, above work_mem
NOT_WRITTEN = {
    "53100": "its disk is full",
    "25006": "it is read-only, or a standby",
    "42501": "its role may not write",
    "57P03": "it is starting or stopping",
    "53300": "it has no free connection",
}


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 if every part works, else 503. The body says which part does not; of the schema, also
    what differs and what to do; of the database, why it takes nothing."""
    differences, not_written = _differences(), _why_nothing_is_written()
    parts = {
        "database": not_written is None,
        "broker": _broker(),
        "migrations": _migrations(),
        "schema": differences == [],
        **{part: seen(part) for part in PARTS},
    }
    ready = all(parts.values())
    body: dict[str, Any] = {"ready": ready, **parts}
    if not_written:
        body["database_says"] = not_written
    if differences:
        body |= {"differences": differences, "what_to_do": schema.WHAT_TO_DO}
    return JsonResponse(body, status=200 if ready else 503)


def dispatch(request: HttpRequest) -> JsonResponse:
    """200 if messages go out as they should, else 503 with the reasons. For a watchdog outside of
    Celery, which would be silent together with it."""
    try:
        reasons = _why_not_dispatching()
    except DatabaseError:
        reasons = ["the database does not answer"]
    return JsonResponse({"ok": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def _why_not_dispatching() -> list[str]:
    now = timezone.now()
    due = _oldest("due_at", MessageStatus.PENDING)
    doubtful = _oldest("ended_at", MessageStatus.IN_DOUBT)
    beat = Heartbeat.objects.filter(name="beat", seen_at__gte=now - BEAT_SILENT)
    found = {
        "a message is due for more than 5 minutes": due and due <= now - OLDEST_DUE,
        "a message is in doubt for more than 15 minutes": doubtful
        and doubtful <= now - OLDEST_DOUBT,
        "beat is silent for more than 2 minutes": not beat.exists(),
    }
    reasons = [reason for reason, is_so in found.items() if is_so]
    if objection := guard.check():
        reasons.append(f"nothing is sent: {objection}")
    return reasons + outages.reasons(at=now)


def _oldest(moment: str, status: str) -> datetime | None:
    """The first entry of the partial index of that status. Whether any row is older than so much
    would be a scan of the whole table as long as none is, and PostgreSQL expects some."""
    rows = Message.objects.filter(status=status).order_by(moment)
    found: datetime | None = rows.values_list(moment, flat=True).first()
    return found


def _why_nothing_is_written() -> str | None:
    """A row and a small temporary file are written, at the same cost each time: on a full disk an
    UPDATE alone works for as long as its page has room. None if they are; empty if nobody knows."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PROBE_ROW, [timezone.now()])
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(PROBE_FILE)
    except DatabaseError as error:
        return NOT_WRITTEN.get(getattr(error.__cause__, "sqlstate", None) or "", "")
    return None


def _broker() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as broker:
            return bool(broker.ping())
    except redis.RedisError:
        return False


def _migrations() -> bool:
    """Whether the database has every migration of this code."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def _differences() -> list[str] | None:
    """From what `migrate` has made; None if nobody knows."""
    try:
        return schema.watch.differences()
    except DatabaseError:
        return None


def seen(part: str) -> bool:
    """Whether beat or the worker has lately written that it lives."""
    since = timezone.now() - PARTS[part]
    try:
        return Heartbeat.objects.filter(name=part, seen_at__gte=since).exists()
    except DatabaseError:
        return False
