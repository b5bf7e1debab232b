"""What lies between most calls, in one round trip: the provider has accepted, now the next.

The message, its try and the mark of the next message change together, in one statement; it writes
what `tries.settle` would write, and a test compares both. The commit and the locks of the next
message travel with it: a call has to wait for all of them anyway.
"""

from typing import Any

from aftercare.dispatch.claim import MARK_IF_FREE, Mark
from aftercare.dispatch.locked_read import Reader
from aftercare.dispatch.outcome import Tried
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
    ), tried AS (
        INSERT INTO aftercare_message_attempt (message_id, number, provider, worker, started_at,
            duration_ms, outcome, provider_id, detail)
        VALUES (%(id)s, %(number)s, %(provider)s, %(marked_by)s, %(at)s,
            %(duration_ms)s, 'ACCEPTED', %(provider_id)s, '')
        ON CONFLICT DO NOTHING
    )
    {MARK_IF_FREE}
    """,  # noqa: S608  a constant
    types={
        "id": "uuid",
        "template": "uuid",
        "number": "int",
        "provider": "text",
        "provider_id": "text",
        "at": "timestamptz",
        "duration_ms": "int",
        "marked": "uuid",
        "marked_by": "text",
        "marked_at": "timestamptz",
        "marked_until": "timestamptz",
    },
)


def settle_and_go_on(
    message: Message, tried: Tried, *, following: Mark, reader: Reader
) -> tuple[list[Any], list[Any]]:
    """Like `tries.settle` of an accepted message; then mark the `following` one, commit, and read
    that behind its locks. The caller holds the row.

    Returns what the reader found: no row if the following message is not ours, or if somebody
    holds it just now.
    """
    accepted = {
        "id": message.pk,
        "template": message.template_id,
        "number": tried.number,
        "provider": tried.provider,
        "provider_id": clean(tried.provider_id, 200),
        "at": tried.at,
        "duration_ms": tried.duration_ms,
    }
    *_, row, found = together(
        ACCEPT.taught(accepted | following.values()),
        COMMIT_AND_CHAIN,
        *reader.statements(following.message_id),
    )
    return row, found
