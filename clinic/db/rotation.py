"""Encrypted columns under another key, or encrypted for the first time: rows by the batch.

Note [Rotation beside an open clinic]
    1. A batch is read without locks, and a value is replaced only where it is still the one that
       was read: nobody waits for more than one statement, and what somebody writes meanwhile stays.
    2. Each batch is committed. What has the first key already is left alone, so whoever is killed
       and begins again goes on.
    3. It goes past the triggers of the table: the words are the same, and no history is written of
       it. Histories are tables with encrypted columns like any other.
    4. A process with older settings may write with the former key behind its back. So it goes
       through all rows again until there was nothing to do: only then a key is used nowhere.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction
from django.db.migrations import RunPython
from psycopg import sql

from clinic.db.encryption import TOKEN, EncryptedTextField, number_of_key, seal, unseal
from clinic.db.retries import retried

BATCH = 500
Model = type[models.Model]
# What takes the place of a value in a column; None if it stays.
Change = Callable[[EncryptedTextField, str], str | None]


@dataclass
class Used:
    """How many values each of FIELD_KEYS has made, by its number; None: those that none opens."""

    values: Counter[int | None] = field(default_factory=Counter)
    unopened: Counter[str] = field(default_factory=Counter)  # by table and column

    def note(self, number: int | None, where: str) -> None:
        self.values[number] += 1
        if number is None:
            self.unopened[where] += 1


def encrypted_columns(model: Model) -> list[str]:
    fields = model._meta.local_fields
    return [str(one.column) for one in fields if isinstance(one, EncryptedTextField)]


def encrypted_models() -> list[Model]:
    """With their histories, whose columns are encrypted as those of the table are."""
    return [m for m in apps.get_models() if not m._meta.proxy and encrypted_columns(m)]


def keys_used() -> Used:
    """By reading all of them; changes nothing."""
    used = Used()
    for model in encrypted_models():
        for rows in _batches(model):
            for _, column, value in rows:
                used.note(number_of_key(value), f"{model._meta.db_table}.{column}")
    return used


def rotate(model: Model, used: Used, tell: Callable[[str], None], *, batch: int = BATCH) -> int:
    """Every value of a table under the first key. Returns how many had another one."""
    table, done, changed = model._meta.db_table, 0, 0
    for rows in _batches(model, batch):
        new = []
        for key, column, value in rows:
            number = number_of_key(value)
            used.note(number, f"{table}.{column}")
            if number:
                new.append((key, column, value, seal(str(unseal(value)))))
        done += len({key for key, _, _ in rows})
        if new:
            retried(_replace)(model, new, past=_past_triggers)
            changed += len(new)
            tell(f"{table}: {done} rows, {changed} values under the first key")
    return changed


def _batches(model: Model, size: int = BATCH) -> Iterator[list[tuple[Any, str, str]]]:
    """Key, column and value of all that is not empty, in the order of the keys."""
    columns, key = encrypted_columns(model), sql.Identifier(str(model._meta.pk.column))
    names = [sql.Identifier(name) for name in columns]
    query = sql.SQL(
        "SELECT {key}, {names} FROM {table} WHERE ({some}) AND ({first} OR {key} > {last})"
        " ORDER BY {key} LIMIT {batch}"
    )
    last: Any = None
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                query.format(
                    key=key,
                    names=sql.SQL(", ").join(names),
                    table=sql.Identifier(model._meta.db_table),
                    some=sql.SQL(" OR ").join(sql.SQL("{} <> ''").format(name) for name in names),
                    first=sql.Literal(last is None),
                    last=sql.Literal(last),
                    batch=sql.Literal(size),
                )
            )
            found = cursor.fetchall()
        if not found:
            return
        last = found[-1][0]
        yield [
            (row[0], name, value)
            for row in found
            for name, value in zip(columns, row[1:], strict=True)
            if value
        ]


def _replace(
    model: Model,
    new: list[tuple[Any, str, str, str]],
    *,
    past: Callable[[Model], AbstractContextManager[None]],
) -> None:
    """In one transaction, where the value is still the one that was read."""
    query = sql.SQL(
        "UPDATE {table} AS row SET {column} = new.token"
        " FROM unnest(%s::{kind}[], %s::text[], %s::text[]) AS new (key, value, token)"
        " WHERE row.{key} = new.key AND row.{column} = new.value"
    )
    kind = str(model._meta.pk.rel_db_type(connection))
    with past(model), connection.cursor() as cursor:
        for name in encrypted_columns(model):
            of_column = [(key, value, token) for key, column, value, token in new if column == name]
            statement = query.format(
                table=sql.Identifier(model._meta.db_table),
                column=sql.Identifier(name),
                key=sql.Identifier(str(model._meta.pk.column)),
                kind=sql.SQL(kind),
            )
            if of_column:
                cursor.execute(statement, [list(part) for part in zip(*of_column, strict=True)])


@contextmanager
def _past_triggers(model: Model) -> Iterator[None]:
    """By pgtrigger's own way, for the tables and the transaction in question."""
    registered: Any = pgtrigger.registered()
    triggers = [trigger.get_uri(of) for of, trigger in registered if of is model]
    with pgtrigger.ignore(*triggers), transaction.atomic():
        yield


@contextmanager
def _without_triggers(model: Model) -> Iterator[None]:
    """For a migration, which is the owner's and does not know the triggers of today."""
    table = sql.Identifier(model._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        yield
        cursor.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))


def encrypt_columns(app: str, *names: str) -> RunPython:
    """Of a migration that is not atomic: the words of these models become tokens, or words again.

    One that was ended in the middle goes on when it is run again: what is a token stays one.
    """

    def change(state: Any, new: Change) -> None:
        for name in names:
            model = state.get_model(app, name)
            fields = {field.column: field for field in model._meta.local_fields}
            for rows in _batches(model):
                changes = [
                    (key, column, value, to)
                    for key, column, value in rows
                    if (to := new(fields[column], value)) is not None
                ]
                if changes:
                    retried(_replace)(model, changes, past=_without_triggers)

    def encrypt(field: EncryptedTextField, value: str) -> str | None:
        return None if TOKEN.fullmatch(value) and unseal(value) else field.seal(value)

    def decrypt(_: EncryptedTextField, value: str) -> str | None:
        return str(unseal(value)) if TOKEN.fullmatch(value) else None

    return RunPython(
        lambda state, _: change(state, encrypt), lambda state, _: change(state, decrypt)
    )
