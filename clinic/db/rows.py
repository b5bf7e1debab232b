"""Rows without the ORM between them and PostgreSQL, where that takes most of the time.

Lists of which a screen shows hundreds come as JSON that PostgreSQL has written: an object of
Django's for every row, and a serializer's field for every value, take ten times as long
(docs/performance.md). A test compares both. What every request reads comes by a prepared
statement (clinic.db.prepared), and becomes the same objects that the ORM would make.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import connection, models
from django.db.models import F, Func

from clinic.db.encryption import EncryptedTextField, unseal
from clinic.db.prepared import Prepared
from clinic.db.versions import OWN, STATE

M = TypeVar("M", bound=models.Model)


class IsoInstant(Func):
    """An instant as DRF writes it: 2027-03-01T09:00:00Z, with six decimals if there are any."""

    template = (  # to_char alone would take several times as long, and there are many
        "CASE WHEN %(expressions)s = %(expressions)s::timestamptz(0)"
        " THEN overlay((%(expressions)s AT TIME ZONE 'UTC')::text PLACING 'T' FROM 11) || 'Z'"
        " ELSE to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') END"
    )
    output_field = models.TextField()


class JsonRow(Func):
    """One JSON object: the columns of these names, and whatever else is given by name. What is
    encrypted stands in it as its token, until `opened`."""

    # json_build_object takes three times as long: it looks up each value's type in each row
    template = "(SELECT row_to_json(named)::text FROM (SELECT %(expressions)s) AS named)"
    output_field = models.TextField()

    def __init__(self, model: type[models.Model], names: Iterable[str], **joined: Any) -> None:
        super().__init__(*(_As(joined.get(name) or _column(model, name), name) for name in names))
        fields = model._meta.concrete_fields
        sealed = {f.name for f in fields if isinstance(f, EncryptedTextField)} & set(names)
        # a quotation mark within a value has a backslash before it: this is a column, no words
        self._sealed = re.compile(rf'"({"|".join(sorted(sealed))})":"([\w=-]+)"', re.ASCII)

    def opened(self, row: str) -> str:
        """The object with the words of its encrypted columns. Raises FieldKeyMissing."""
        return self._sealed.sub(_with_words, row) if '":"gAAAAA' in row else row


class _As(Func):
    template = '%(expressions)s AS "%(name)s"'
    output_field = models.TextField()

    def __init__(self, value: Any, name: str) -> None:
        super().__init__(value, name=name)


def _column(model: type[models.Model], name: str) -> IsoInstant | F:
    field = model._meta.get_field(name)
    return IsoInstant(name) if isinstance(field, models.DateTimeField) else F(name)


def _with_words(column: re.Match[str]) -> str:
    name, token = column.groups()
    return f'"{name}":{orjson.dumps(str(unseal(token))).decode()}'


def as_written(rows: Iterable[str]) -> list[orjson.Fragment]:
    """Put JSON that is text already into an answer as it is."""
    return [orjson.Fragment(row) for row in rows]


def columns(alias: str, model: type[models.Model], *names: str) -> str:
    """Some columns of a model, or all that are not encrypted, for a statement that `take` reads."""
    return ", ".join(f'{alias}."{name}"' for name in _names(model, names))


def pop_row(model: type[M], values: list[Any], *names: str) -> M | None:
    """The object of the first of `values`, which are used up; None for an outer join's NULLs. What
    was not named, or is encrypted, is read when it is asked for."""
    known = _names(model, names)
    row = model.from_db("default", known, values[: len(known)])
    del values[: len(known)]
    return None if row.pk is None else row


@lru_cache
def _names(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, ...]:
    """In the order in which `from_db` wants them. What is encrypted is not among them: nobody
    decrypts it before it is asked for."""
    clear = [
        f.attname for f in model._meta.concrete_fields if not isinstance(f, EncryptedTextField)
    ]
    return tuple(name for name in clear if name in (names or clear))


class Insert(Generic[M]):
    """Writes new rows of a model by one prepared statement, and passes over what a constraint
    refuses.

    So a refusal does not end the transaction, and two that want the same do not deadlock. Like
    `bulk_create`, it sends no signals. The rows travel as one JSON text, written in C: an array for
    each column took a thousand calls of Python to put into words for a booking.
    """

    GIVEN = ("id", "created_at")  # by the database: see clinic.models.Model

    def __init__(self, model: type[M]) -> None:
        table, fields = model._meta.db_table, model._meta.concrete_fields
        self._columns = {str(f.column): f.attname for f in fields if f.attname not in self.GIVEN}
        self._encrypted = [(str(f.column), f) for f in fields if isinstance(f, EncryptedTextField)]
        columns = ", ".join(self._columns)
        self.statement = Prepared(
            f"insert_{table}",
            f"INSERT INTO {table} ({columns})"  # noqa: S608
            f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s)"
            f" ON CONFLICT DO NOTHING RETURNING {', '.join(self.GIVEN)}, {STATE}",
            types={"rows": "json"},
        )

    def one(self, row: M) -> bool:
        """Write it and tell the object its id and version; False if a constraint refuses it."""
        written = self._write([row])
        if not written:
            return False
        for name, value in zip((*self.GIVEN, OWN), written[0], strict=True):
            setattr(row, name, value)
        row._state.adding, row._state.db = False, connection.alias
        return True

    def all(self, rows: Sequence[M]) -> list[UUID]:
        """Write what no constraint refuses; returns its ids, which the objects are not told."""
        return [written[0] for written in self._write(rows)] if rows else []

    def _write(self, rows: Sequence[M]) -> list[tuple[Any, ...]]:
        values = [
            {column: getattr(row, name) for column, name in self._columns.items()} for row in rows
        ]
        for column, field in self._encrypted:
            for row_values in values:
                row_values[column] = field.get_prep_value(row_values[column])
        with connection.cursor() as cursor:
            self.statement.execute(cursor, {"rows": orjson.dumps(values).decode()})
            return list(cursor.fetchall())
