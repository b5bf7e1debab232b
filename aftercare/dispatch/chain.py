"""What lies between most calls, in one round trip: the provider has accepted, now the next.

The message, its attempt and the mark of the next message change together, in one statement; it
writes what `outcome.record` would write, and a test compares both. The commit and the locks of the
next message travel with it: a call has to wait for all of them anyway. Decision 0024 says what this
is worth.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from aftercare.dispatch.claim import MARK_SQL, MARK_TYPES, mark_values
from aftercare.dispatch.locked_read import LockedMessageReader
from aftercare.dispatch.outcome import AttemptResult
from aftercare.models import Message
from aftercare.models.message import clean
from clinic.db.prepared import COMMIT_AND_CHAIN, Prepared, together

ACCEPT = Prepared(
    "message_accept",
    f"""
    WITH changed AS (
        UPDATE aftercare_message
        SET status = 'SENT', reason = '', worker = '', lease_until = NULL,
            template_id = %(template)s, provider_id = %(provider_id)s,
            sent_at = %(at)s, ended_at = %(at)s
        WHERE id = %(id)s
    ), attempt AS (
        INSERT INTO aftercare_message_attempt (message_id, number, provider, worker, started_at,
            duration_ms, outcome, provider_id, detail)
        VALUES (%(id)s, %(number)s, %(provider)s, %(marked_by)s, %(at)s,
            %(duration_ms)s, 'ACCEPTED', %(provider_id)s, '')
        ON CONFLICT DO NOTHING
    )
    {MARK_SQL}
    """,  # noqa: S608  a constant
    types={
        "id": "uuid",
        "template": "uuid",
        "number": "int",
        "provider": "text",
        "provider_id": "text",
        "at": "timestamptz",
        "duration_ms": "int",
        **MARK_TYPES,
    },
)


def accept_and_mark(
    message: Message,
    result: AttemptResult,
    *,
    following: UUID,
    at: datetime,
    reader: LockedMessageReader,
) -> tuple[list[Any], list[Any]]:
    """Like `outcome.record` of an accepted message; then mark the `following` one, commit, and read
    that behind its locks. The caller holds the row.

    Returns what the reader found: no row if the following message is not ours, or if somebody
    holds it just now.
    """
    accepted = {
        "id": message.pk,
        "template": message.template_id,
        "number": result.number,
        "provider": result.provider,
        "provider_id": clean(result.provider_id, 200),
        "at": result.at,
        "duration_ms": result.duration_ms,
    }
    *_, row, found = together(
        ACCEPT.taught(accepted | mark_values(following, worker=result.worker, at=at)),
        COMMIT_AND_CHAIN,
        *reader.statements(following),
    )
    return row, found
