"""What ends most tries, written in one statement: the provider has accepted.

The message, its try and the mark of the next message change together anyway. Three statements of
Django's, each built and planned anew, took more of the processor than the e-mail itself. What is
written, `Message.accept` and `tries.attempt` say, here as everywhere.
"""

from django.db import connection

from aftercare.leases import MARK_IF_FREE, Mark
from aftercare.models import Message
from aftercare.tries import Tried, attempt
from clinic.prepared import Prepared

# What `Message.accept` and the rendering change.
CHANGED = {
    "status": "text",
    "reason": "text",
    "worker": "text",
    "lease_until": "timestamptz",
    "template_id": "uuid",
    "provider_id": "text",
    "sent_at": "timestamptz",
    "ended_at": "timestamptz",
}
TRIED = {
    "message_id": "uuid",
    "number": "int",
    "provider": "text",
    "worker": "text",
    "started_at": "timestamptz",
    "duration_ms": "int",
    "outcome": "text",
    "provider_id": "text",
    "detail": "text",
}
ACCEPT = Prepared(
    "message_accept",
    f"""
    WITH changed AS (
        UPDATE aftercare_message
        SET {", ".join(f"{name} = %({name})s" for name in CHANGED)}
        WHERE id = %(tried_message_id)s
    ), tried AS (
        INSERT INTO aftercare_message_attempt ({", ".join(TRIED)})
        VALUES ({", ".join(f"%(tried_{name})s" for name in TRIED)})
        ON CONFLICT DO NOTHING
    ), marked AS ({MARK_IF_FREE} RETURNING id)
    SELECT EXISTS (SELECT FROM marked)
    """,  # noqa: S608  names of columns
    types={
        **CHANGED,
        **{f"tried_{name}": type_ for name, type_ in TRIED.items()},
        "marked": "uuid",
        "marked_by": "text",
        "marked_at": "timestamptz",
        "marked_until": "timestamptz",
    },
)
NOBODY = dict.fromkeys(("marked", "marked_by", "marked_at", "marked_until"))


def settle_accepted(message: Message, tried: Tried, *, following: Mark | None) -> bool:
    """Like `tries.settle` of an accepted message, with the mark of the `following` one. Returns
    whether that is marked; False too if somebody holds it just now. The caller holds the row."""
    message.accept(at=tried.at, provider_id=tried.provider_id)
    row = attempt(message, tried)
    values = {
        **{name: getattr(message, name) for name in CHANGED},
        **{f"tried_{name}": getattr(row, name) for name in TRIED},
        **(following.values() if following else NOBODY),
    }
    with connection.cursor() as cursor:
        ACCEPT.execute(cursor, values)
        return bool(cursor.fetchone()[0])
