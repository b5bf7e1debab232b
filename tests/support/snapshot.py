"""The shipped catalogues, loaded once per worker and copied from then on.

`seed_catalogue` checks each of its thousand rows, which takes a second; a hundred tests want them.
"""

import io

import pghistory.models
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

_rows: dict[str, bytes] = {}  # by table, as COPY writes them


def load_catalogue() -> None:
    """All that ships as data, as `seed_catalogue` loads it into a database without any of it."""
    before = _counted()
    if not _rows or any(before[table] for table in _rows):
        call_command("seed_catalogue", verbosity=0, stdout=io.StringIO())
        if not _rows:
            filled = [table for table, rows in _counted().items() if rows != before[table]]
            if not any(before[table] for table in filled):
                _rows.update((table, _copied(table)) for table in filled)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in _rows.items():
            with cursor.copy(_copy("COPY {} FROM STDIN", table)) as copy:
                copy.write(rows)


def _counted() -> dict[str, int]:
    """The rows in each table of our apps but the history, which triggers write."""
    looks = [
        sql.SQL("SELECT {}, count(*) FROM {}").format(table, sql.Identifier(table))
        for app in ("clinic", "patients", "treatment_sessions", "aftercare")
        for model in apps.get_app_config(app).get_models()
        if not issubclass(model, pghistory.models.Event)
        for table in [model._meta.db_table]
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(looks))
        return dict(cursor.fetchall())


def _copied(table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(_copy("COPY {} TO STDOUT", table)) as copy:
        return b"".join(bytes(part) for part in copy)


def _copy(text: str, table: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(table))
