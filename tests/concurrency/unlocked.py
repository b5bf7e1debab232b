"""How a less careful team reads a message before its call: nobody holds the row."""

from clinic.prepared import Prepared

UNLOCKED = Prepared(
    "message_row_unlocked",
    """
    SELECT id FROM aftercare_message
    WHERE id = %(id)s AND status = 'SENDING' AND worker = %(worker)s
    """,
    types={"id": "uuid", "worker": "text"},
)
