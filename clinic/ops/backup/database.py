"""PostgreSQL's own programs, and what is counted before and after."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from clinic.ops.backup.archive import PIECE, BackupFailed

# Partitions are counted with what they are parts of. The heart beats while a backup is made.
TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY relname
"""
ANYTHING = """
    SELECT count(*) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
"""


def _target() -> tuple[str, dict[str, str]]:
    """How the programs find the database; the password stays out of the list of processes."""
    given: dict[str, Any] = {
        **connection.get_connection_params(),
        "options": "",
        "application_name": "clinic-backup",
    }
    password = str(given.pop("password", "") or "")
    known = {"host", "port", "user", "dbname", "options", "application_name"}
    told = {k: v for k, v in given.items() if v and (k in known or k.startswith(("ssl", "target")))}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return make_conninfo(**told), {**environment, "PGPASSWORD": password}


def _program(name: str) -> str:
    return str(Path(settings.PG_BIN) / name) if settings.PG_BIN else name


def _missing(name: str) -> str:
    return (
        f"{name} is not there: install the client programs of PostgreSQL, of the server's version "
        "or newer, or name their folder in PG_BIN"
    )


@contextmanager
def snapshot() -> Iterator[tuple[str, dict[str, int], str]]:
    """One moment of the database, held open: its name, the rows of each table, the version."""
    where, environment = _target()
    with psycopg.connect(where, password=environment["PGPASSWORD"]) as held:
        held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        held.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        name = _one(held, "SELECT pg_export_snapshot()")
        tables = [row[0] for row in held.execute(TABLES).fetchall()]
        counts = {table: _count(held, table) for table in tables}
        yield name, counts, _one(held, "SHOW server_version")


def _one(held: "psycopg.Connection[Any]", statement: Any) -> Any:
    row = held.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _count(held: "psycopg.Connection[Any]", table: str) -> int:
    return int(_one(held, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))))


def counts() -> dict[str, int]:
    """The rows of each table now."""
    where, environment = _target()
    with psycopg.connect(where, password=environment["PGPASSWORD"]) as now:
        return {row[0]: _count(now, row[0]) for row in now.execute(TABLES).fetchall()}


def dump(name: str) -> Iterator[bytes]:
    """What pg_dump tells of that snapshot, in pieces."""
    where, environment = _target()
    arguments = ["--format=custom", f"--snapshot={name}", f"--dbname={where}"]
    try:
        process = subprocess.Popen(
            [_program("pg_dump"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise BackupFailed(_missing("pg_dump")) from None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        while piece := process.stdout.read(PIECE):
            yield piece
        said = process.stderr.read().decode(errors="replace")
        if process.wait():
            raise BackupFailed(f"pg_dump: {said.strip()}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def may_change(table: str) -> bool:
    """Whether the role that restores may: what the migrations have revoked has come along."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'UPDATE') AND NOT usesuper FROM pg_user"
            " WHERE usename = current_user",
            [table],
        )
        return bool(cursor.fetchone()[0])


def is_empty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING)
        return bool(cursor.fetchone()[0] == 0)


class Restoring:
    """pg_restore, which takes a dump in pieces: all of it in one transaction, or nothing."""

    def __init__(self) -> None:
        where, environment = _target()
        connection.close()
        arguments = ["--exit-on-error", "--no-owner", "--single-transaction"]
        try:
            self._process = subprocess.Popen(
                [_program("pg_restore"), *arguments, f"--dbname={where}"],
                env=environment,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            raise BackupFailed(_missing("pg_restore")) from None

    def write(self, piece: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(piece)
        except BrokenPipeError:
            self.finish()

    def finish(self) -> None:
        _, said = self._process.communicate()
        if self._process.returncode:
            raise BackupFailed(f"pg_restore: {said.decode(errors='replace').strip()}")

    def give_up(self) -> None:
        self._process.kill()
        self._process.communicate()


def empty() -> None:
    """Take away what a rehearsal has restored. The database must have been empty before."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
