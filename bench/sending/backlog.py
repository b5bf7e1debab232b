"""Five years of messages: the outbox with millions of rows, in three databases."""

import time
from typing import Any, LiteralString

from bench import clinic_of
from bench.servers import connect

DUE = 20_000  # of them; the others were sent, or are due in the coming year
SIZES = (10_000, 500_000, 5_000_000)
ROWS: LiteralString = """
INSERT INTO aftercare_message (id, created_at, clinic_id, patient_id, session_id, step_id, channel,
    occurrence, status, reason, due_at, expires_at, attempts, worker, lease_until, template_id,
    provider_id, sent_at)
SELECT uuidv7(), now(), session.clinic_id, session.patient_id, session.id, step.id, 'EMAIL',
    (100 + n / %(sessions)s)::smallint, state.status, '', due, due + '1 day',
    CASE state.status WHEN 'SENT' THEN 1 ELSE 0 END, '', NULL, NULL,
    CASE state.status WHEN 'SENT' THEN '<' || n || '@clinic.example>' ELSE '' END,
    CASE state.status WHEN 'SENT' THEN due END
FROM generate_series(%(begin)s::bigint, %(end)s::bigint - 1) AS n
JOIN (
    SELECT id, clinic_id, patient_id, row_number() OVER (ORDER BY id) - 1 AS number
    FROM treatment_session) AS session
    ON session.number = n %% %(sessions)s
CROSS JOIN (SELECT id FROM aftercare_step WHERE code = 'before-48h') AS step
CROSS JOIN (SELECT interval '1 second' AS second) AS unit
CROSS JOIN LATERAL (SELECT CASE
    WHEN n < %(due)s OR n %% 20 = 0 THEN 'PENDING' ELSE 'SENT' END AS status) AS state
CROSS JOIN LATERAL (SELECT CASE
    WHEN n < %(due)s THEN now() - n %% 3600 * second
    WHEN state.status = 'PENDING' THEN now() + interval '1 day' + n * 7919 %% 31536000 * second
    ELSE now() - interval '2 days' - n * 7919 %% 157680000 * second END AS due) AS times
"""


def grow(name: str, begin: int, end: int, *, due: int) -> str:
    """Add the rows of these numbers to the outbox of the database; returns its size on disk."""
    began = time.monotonic()
    with connect(name) as connection:
        clinic_of.prepare(connection)
        count = one(connection, "SELECT count(*) FROM treatment_session")
        with clinic_of.Bare(connection, ("aftercare_message",)):
            facts = {"begin": begin, "end": end, "sessions": count, "due": due}
            connection.execute(ROWS, facts)
        connection.execute("VACUUM ANALYZE aftercare_message")
        size = one(connection, "SELECT pg_size_pretty(pg_total_relation_size('aftercare_message'))")
    return f"{end:,} rows, {size} with indexes, {time.monotonic() - began:.0f} s"


def one(connection: Any, statement: LiteralString) -> Any:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]
