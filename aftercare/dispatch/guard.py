"""A restored or copied database does not send until somebody says so.

Note [Dispatch guard]
    A backup that is restored believes that everything since the backup is still to be sent, and
    a copy made for testing would write to real patients. So the database keeps the identity under
    which it may send: cluster, timeline, database and site. A restored dump or a copy differs in
    one of them; then nothing is sent until `manage.py resume_dispatch` has adopted the new one.
    Only a copy of all files, started under the same host name, cannot be told from the original.
    A standby that takes over is adopted by itself if it knows of every call: Note [Fail-over].
"""

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from aftercare.dispatch import confirmed
from aftercare.lifecycle import HELD_BY_A_WORKER
from aftercare.models import DispatchGuard, Message, MessageStatus

logger = logging.getLogger(__name__)

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  names of one and the same machine
AFTER_RESTORE = "the database was restored: this may have been sent before"
BATCH = 500


def identity() -> dict[str, Any]:
    """Who this database is, as the guard keeps it."""
    with connection.cursor() as cursor:
        cursor.execute(
            # The timeline that is written on: the one of the control file is that of the last
            # checkpoint, which comes minutes after a standby has taken over.
            "SELECT system_identifier::text, CASE WHEN pg_is_in_recovery() THEN '0'"
            " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END,"
            " pg_database.oid::bigint"
            " FROM pg_control_system(), pg_database WHERE datname = current_database()"
        )
        system_identifier, timeline, database_oid = cursor.fetchone()
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return {
        "system_identifier": system_identifier,
        "timeline": int(timeline, 16),
        "database_oid": database_oid,
        "site": "localhost" if host in LOCAL_NAMES else host,
    }


def check() -> str:
    """Why this database must not send; empty if it may."""
    guard = DispatchGuard.objects.first()
    if guard is None:
        return "it was never told that it may send"
    differs = _differences(guard)
    return f"not the database that may send: other {', '.join(differs)}" if differs else ""


def _differences(guard: DispatchGuard) -> list[str]:
    here = identity()
    return [name for name, value in here.items() if getattr(guard, name) != value]


def follow_failover(*, at: datetime) -> bool:
    """Adopt a standby that has taken over, if it knows of every call. See Note [Fail-over]."""
    guard, told = DispatchGuard.objects.first(), confirmed.of_this_database()
    if guard is None or told is None or _differences(guard) != ["timeline"]:
        return False
    safe, fork = told.last(), confirmed.fork(guard.timeline)
    if safe is None or fork is None or fork < safe:
        logger.warning("a standby has taken over at %s, and the last call was at %s", fork, safe)
        return False
    adopt(at=at)
    logger.warning("a standby has taken over and knows of every call: sending goes on")
    return True


def adopt(*, at: datetime) -> None:
    """From now on this database sends, and no copy of it."""
    DispatchGuard.objects.update_or_create(id=1, defaults={**identity(), "adopted_at": at})


def withdraw() -> None:
    """This database does not send, even where it is the one that did: after a restore into the
    same place."""
    DispatchGuard.objects.all().delete()


def adopt_if_new(sender: AppConfig, **_: Any) -> None:
    """After `migrate`: a database without any message has nothing to send twice."""
    tables = connection.introspection.table_names()
    if DispatchGuard._meta.db_table not in tables or Message._meta.db_table not in tables:
        return  # migrated to somewhere before these
    if not DispatchGuard.objects.exists() and not Message.objects.exists():
        adopt(at=timezone.now())


def put_due_in_doubt(*, at: datetime) -> int:
    """After a restore: whatever was due before `at`, or on its way, may have been sent already by
    the database that was lost. A person decides about each. Returns how many."""
    doubtful = Message.objects.filter(status=MessageStatus.PENDING, due_at__lte=at)
    doubtful |= Message.objects.filter(status__in=HELD_BY_A_WORKER)
    done = 0
    while True:
        with transaction.atomic():
            batch = list(doubtful.locked()[:BATCH])
            for message in batch:
                message.end(MessageStatus.IN_DOUBT, AFTER_RESTORE, at=at)
        done += len(batch)
        if not batch:
            return done
