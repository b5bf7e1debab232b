"""Two databases of a clinic: with 10,000 sessions, and with all, their messages and history."""

import os
import time
from datetime import timedelta
from typing import Any, LiteralString

from bench import clinic_of
from bench.clinic_of import BIG, SMALL, Connection
from bench.servers import connect

FIRST = (1700, 800)  # patients with four sessions each in the two clinics: 10,000 sessions
FEW, ALL = "few", "clinic"
PEOPLE = 30  # at the desk of the large clinic: each may search so often in a minute
HISTORIES = ("treatment_session_history", "aftercare_message_history")
EVENTS: LiteralString = """
    INSERT INTO treatment_session_event (session_id, old_status, new_status, at, reason)
    SELECT id, '', 'BOOKED', starts_at - interval '30 days', '' FROM treatment_session
"""


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def prepare(sessions: int, postgres: Any, *, messages: int) -> dict[str, str]:
    """Both databases, `clinic` with so many messages for each session; returns the tokens of the
    two desks and of many people at one of them, by user name."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from knox.models import AuthToken

    from clinic.models import Role, User

    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            for site, patients in zip((BIG, SMALL), FIRST, strict=True):
                clinic_of.open_site(connection, site, bookable=100 * site.size)
                clinic_of.add_series(connection, site, 0, patients)
        connection.execute("VACUUM ANALYZE")
    for number in range(PEOPLE):
        person = User.objects.create(username=f"{BIG.desk}-{number}", role=Role.RECEPTIONIST)
        person.clinics.add(BIG.id(clinic_of.CLINIC, 0))
    desks = User.objects.filter(username__startswith="desk-")
    tokens = {
        user.username: str(AuthToken.objects.create(user=user, expiry=timedelta(hours=9))[1])
        for user in desks
    }
    connections.close_all()
    with postgres.connect_as_superuser() as superuser:
        superuser.execute(f"CREATE DATABASE {FEW} OWNER clinic TEMPLATE {ALL}")
    say("10,000 sessions loaded")
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            ends = sessions // 4, SMALL.per_cycle * max(1, sessions // 4 // BIG.per_cycle)
            for site, begin, end in zip((BIG, SMALL), FIRST, ends, strict=True):
                clinic_of.add_series(connection, site, begin, max(begin, end))
            say("rows inserted; constraints and indexes follow")
        if messages:
            _write_messages(connection, messages)
        connection.execute("VACUUM ANALYZE")
        for table in ("treatment_session", "aftercare_message", *HISTORIES):
            say(_size_of(connection, table))
    adopt_copy(FEW)
    return tokens


def _write_messages(connection: Connection, messages: int) -> None:
    """So many messages of each session, with the history of both."""
    from bench.size.fill import MESSAGES

    tables: tuple[LiteralString, ...] = ("aftercare_message", "treatment_session_event", *HISTORIES)
    with clinic_of.Bare(connection, tables):
        connection.execute(MESSAGES, [messages])
        connection.execute(EVENTS)
        for history in HISTORIES:
            connection.execute(_history_of(connection, history))


def _history_of(connection: Connection, history: str) -> str:
    """One row for each of its table, as if it had been inserted and never changed."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [history]
    ).fetchall()
    columns = ", ".join(f'"{name}"' for (name,) in rows if not name.startswith("pgh_"))
    return (
        f"INSERT INTO {history} (pgh_created_at, pgh_label, pgh_obj_id, {columns})"
        f" SELECT created_at, 'insert', id, {columns} FROM {history.removesuffix('_history')}"
    )


def _size_of(connection: Connection, table: LiteralString) -> str:
    row = connection.execute(
        f"SELECT count(*), pg_size_pretty(pg_total_relation_size('{table}')) FROM {table}"
    ).fetchone()
    assert row is not None
    return f"{row[0]:,} rows in {table}, {row[1]} with indexes"


def adopt_copy(name: str) -> None:
    """A copied database sends too: it is no dump that was forgotten somewhere."""
    with connect(name) as connection:
        connection.execute(
            "UPDATE aftercare_dispatch_guard SET database_oid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
