"""The floor: bare psycopg that does the least that any booking must.

One session under the same exclusions, one message, one row of history, in one statement that
PostgreSQL has planned before; four processes at once. The tables have the columns, the primary key
and the exclusion constraints of the product's, no other index, no trigger and no foreign key, and
hold 10,000 sessions.
"""

import time
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from bench.booking.replay import at_once
from bench.clinic_of import BIG, PATIENT, Connection
from bench.servers import connect, conninfo
from bench.stats import Result

WARM = 50
TABLES: LiteralString = """
    CREATE TABLE floor_session (LIKE treatment_session INCLUDING DEFAULTS INCLUDING GENERATED);
    CREATE TABLE floor_message (LIKE aftercare_message INCLUDING DEFAULTS INCLUDING GENERATED);
    CREATE TABLE floor_history
        (LIKE treatment_session_event INCLUDING DEFAULTS INCLUDING GENERATED);
    ALTER TABLE floor_session ADD PRIMARY KEY (id);
    ALTER TABLE floor_message ADD PRIMARY KEY (id);
    ALTER TABLE floor_history ADD PRIMARY KEY (id)
"""
BOOK: LiteralString = """
    WITH slot AS (
        SELECT clinic_id, area_id, protocol_version_id, visit_type_id
        FROM treatment_session ORDER BY id LIMIT 1
    ), booked AS (
        INSERT INTO floor_session (clinic_id, plan_id, patient_id, area_id, practitioner_id,
            room_id, device_id, occupied_from, starts_at, ends_at, released_at, recovers_at,
            time_zone, status, spacing_override_reason, protocol_version_id, notes, visit_type_id)
        SELECT slot.clinic_id, %(plan)s, %(patient)s, area_id, %(practitioner)s, %(room)s,
            %(device)s, starts, starts, starts + '45 min', starts + '1 hour', starts + '14 days',
            'Europe/Berlin', 'BOOKED', '', protocol_version_id, '', visit_type_id
        FROM slot, (SELECT %(starts_at)s::timestamptz) AS wanted (starts)
        ON CONFLICT DO NOTHING
        RETURNING id, clinic_id, patient_id, starts_at
    ), history AS (
        INSERT INTO floor_history (session_id, old_status, new_status, at, reason)
        SELECT id, '', 'BOOKED', now(), '' FROM booked
    )
    INSERT INTO floor_message (clinic_id, patient_id, session_id, step_id, channel, occurrence,
        status, reason, due_at, expires_at, attempts, worker, provider_id)
    SELECT clinic_id, patient_id, id, %(step)s, 'EMAIL', 1, 'PENDING', '',
        starts_at - interval '2 days',
        starts_at, 0, '', '' FROM booked
"""


class Floor:
    """Its tables, and the slots that were not booked yet."""

    def __init__(self, database: str) -> None:
        self.database, self._next = database, 0
        with connect(database) as connection:
            self._make(connection)
            row = connection.execute("SELECT id FROM aftercare_step ORDER BY id LIMIT 1").fetchone()
        assert row is not None
        self.step = row[0]

    def _make(self, connection: Connection) -> None:
        connection.execute(TABLES)
        copied = connection.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
            " WHERE attrelid = 'treatment_session'::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''"
        ).fetchone()[0]
        connection.execute(
            f"INSERT INTO floor_session ({copied})"
            f" SELECT {copied} FROM treatment_session ORDER BY id LIMIT 10000"
        )
        for (definition,) in connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'treatment_session'::regclass AND contype = 'x'"
        ).fetchall():
            connection.execute(f"ALTER TABLE floor_session ADD {definition}")
        connection.execute("VACUUM ANALYZE floor_session")

    def book(self, each: int) -> Result:
        """Four processes book so many each, after a few that are not counted."""
        first, self._next = self._next, self._next + 4 * (each + WARM)
        shares = [range(first + n, self._next, 4) for n in range(4)]
        elapsed, times = at_once(_book, [(self.database, self.step, share) for share in shares])
        return Result(times=times, elapsed=elapsed)


def values(number: int, step: Any) -> dict[str, Any]:
    return {**BIG.slot(number), "patient": BIG.id(PATIENT, number), "step": step}


def _book(database: str, step: Any, numbers: Sequence[int], ready: Any) -> list[float]:
    times = []
    with psycopg.connect(conninfo(database), autocommit=True, prepare_threshold=0) as connection:
        for position, number in enumerate(numbers):
            if position == WARM:
                ready.wait()
            began = time.perf_counter()
            if connection.execute(BOOK, values(number, step)).rowcount != 1:
                raise AssertionError(f"slot {number} of the floor was taken")
            times.append(time.perf_counter() - began)
    return times[WARM:]
