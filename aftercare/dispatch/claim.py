"""Which worker has which message.

Note [Message lease]
    A worker claims messages for LEASE and says so in the row. CLAIMED is provably unsent: when
    the lease is over, the message goes back into the queue. SENDING is committed *before* the
    provider is called, and the row stays locked *during* the call: a row that is SENDING and not
    locked when its lease is over belongs to a worker that died, perhaps after the provider had
    accepted. What becomes of it, the reaper decides by the kind of provider. A lease alone cannot
    tell dead from slow, the lock can, because it ends with the connection.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from django.db import connection

from aftercare.dispatch.outcome import LEASE
from aftercare.models import Message, MessageStatus, Outage
from clinic.db.prepared import Prepared

# By the partial index, so that the cost does not grow with the table.
DUE = """
    SELECT ctid FROM aftercare_message
    WHERE status = 'PENDING' AND due_at <= %(at)s
        AND channel <> ALL (%(resting)s::text[])
    ORDER BY due_at, id LIMIT %(limit)s
"""
# To see whether a channel works again: one message, the suspect only if there is no other.
PROBE = """
    SELECT ctid FROM aftercare_message
    WHERE status = 'PENDING' AND due_at <= %(at)s AND channel = %(channel)s
    ORDER BY id = %(suspect)s, due_at, id LIMIT 1
"""
# Who holds one row must not wait for another: a row that somebody else holds is not marked.
MARK_SQL = """
    UPDATE aftercare_message
    SET status = 'SENDING', attempts = attempts + 1, lease_until = %(marked_until)s
    WHERE id = (
        SELECT id FROM aftercare_message
        WHERE id = %(marked)s AND status = 'CLAIMED' AND worker = %(marked_by)s
            AND lease_until > %(marked_at)s
        FOR UPDATE SKIP LOCKED
    )
"""
MARK_TYPES = {
    "marked": "uuid",
    "marked_by": "text",
    "marked_at": "timestamptz",
    "marked_until": "timestamptz",
}
MARK = Prepared("message_mark", MARK_SQL, MARK_TYPES)


def claim(*, worker: str, at: datetime, limit: int, resting: Collection[str] = ()) -> list[UUID]:
    """Reserve up to `limit` due messages for this worker, none of the channels that are `resting`;
    returns them oldest first.

    MATERIALIZED, so that the rows are chosen once; a row that is locked stays where it is, so its
    place on disk (`ctid`) finds it again.
    """
    of = {"limit": limit, "resting": list(resting)}
    return _claim(DUE, {"at": at, "worker": worker, "until": at + LEASE, **of})


def claim_probe(outage: Outage, *, worker: str, at: datetime) -> list[UUID]:
    """Reserve one due message of a channel that rests. See Note [Outage]."""
    of = {"channel": outage.channel, "suspect": outage.suspect_id}
    return _claim(PROBE, {"at": at, "worker": worker, "until": at + LEASE, **of})


def _claim(which: LiteralString, values: dict[str, Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH due AS MATERIALIZED ({which} FOR UPDATE SKIP LOCKED)
            UPDATE aftercare_message AS message
            SET status = 'CLAIMED', worker = %(worker)s, lease_until = %(until)s
            FROM due WHERE message.ctid = due.ctid
            RETURNING message.due_at, message.id
            """,  # noqa: S608  a constant
            values,
        )
        return [message_id for _, message_id in sorted(cursor.fetchall())]


def mark(message_id: UUID, *, worker: str, at: datetime) -> bool:
    """Say that the provider is about to be called; to be committed before it is. False if the
    message is not ours: cancelled, held by somebody just now, or another worker's since the lease
    ran out.
    """
    with connection.cursor() as cursor:
        MARK.execute(cursor, mark_values(message_id, worker=worker, at=at))
        return bool(cursor.rowcount == 1)


def mark_values(message_id: UUID, *, worker: str, at: datetime) -> dict[str, Any]:
    return {
        "marked": message_id,
        "marked_by": worker,
        "marked_at": at,
        "marked_until": at + LEASE,
    }


def release(*, worker: str) -> None:
    """Give back what was claimed and not marked."""
    Message.objects.filter(status=MessageStatus.CLAIMED, worker=worker).requeue()
