"""Statements that PostgreSQL plans once per connection.

Django puts the values into the text, so PostgreSQL plans every statement anew. For the long ones
of the booking desk planning took twice as long as the work itself (docs/performance.md).

Behind PgBouncer in transaction mode (`DATABASE_POOLED`) nobody knows which connection of
PostgreSQL's comes next, so there the same statements go as they are.
"""

import re
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

NAMED = re.compile(r"%\((\w+)\)s")
# What each open connection has been taught; false while nobody knows whether it was. A connection
# that is lost takes its entry with it.
_known: WeakKeyDictionary[Any, dict[str, bool]] = WeakKeyDictionary()


class Prepared:
    """One statement with named values, `%(name)s`, whose types are `types`, by name."""

    def __init__(self, name: str, sql: str, types: Mapping[str, str]) -> None:
        self.name = name
        self.types = dict(types)
        numbers = {value: f"${number}" for number, value in enumerate(types, start=1)}
        # with its "%%", because it is mostly sent together with values
        text = NAMED.sub(lambda found: numbers[found[1]], sql)
        self._prepare = f"PREPARE {name} ({', '.join(types.values())}) AS {text}"
        self._execute = f"EXECUTE {name} ({', '.join(['%s'] * len(types))})"
        self._names = NAMED.findall(sql)  # in the order of the text, some of them several times
        self._unprepared = NAMED.sub(lambda found: f"%s::{types[found[1]]}", sql)

    def execute(self, cursor: CursorWrapper, values: Mapping[str, Any]) -> None:
        """Run it with the values of all its names. The rows are the cursor's."""
        text, given = self._with_values(values)
        if settings.DATABASE_POOLED:
            cursor.execute(text, given)
            return
        known = _known.setdefault(cursor.db.connection, {})
        if known.get(self.name) is False:
            known[self.name] = self._is_there(cursor)
        if known.get(self.name):
            cursor.execute(text, given)
            return
        known[self.name] = False  # until it has worked: an error leaves the statement prepared
        cursor.execute(f"{self._prepare}; {text}", given)  # in one round trip
        cursor.nextset()
        known[self.name] = True

    def taught(self, values: Mapping[str, Any]) -> "Statement":
        """What runs it with these values, once the connection has been taught it: `together`."""
        if settings.DATABASE_POOLED:
            return self._with_values(values)
        connection.ensure_connection()
        known = _known.setdefault(connection.connection, {})
        if not known.get(self.name):
            with connection.cursor() as cursor:
                if not self._is_there(cursor):
                    cursor.execute(self.preparation)
            known[self.name] = True
        return self._with_values(values)

    @property
    def preparation(self) -> str:
        """The statement that teaches a connection, for one that is not Django's."""
        return self._prepare.replace("%%", "%")

    def _with_values(self, values: Mapping[str, Any]) -> "Statement":
        if settings.DATABASE_POOLED:
            return self._unprepared, [values[name] for name in self._names]
        return self._execute, [values[name] for name in self.types]

    def _is_there(self, cursor: CursorWrapper) -> bool:
        cursor.execute("SELECT FROM pg_prepared_statements WHERE name = %s", [self.name])
        return cursor.fetchone() is not None


Statement = tuple[str, list[Any]]
# Commits in the middle of a block of `atomic`, and goes on in a new transaction: an error rolls
# back only what came after it. What waits for a commit (`on_commit`) waits for the block's end.
COMMIT_AND_CHAIN: Statement = ("COMMIT AND CHAIN", [])


def together(*statements: Statement) -> list[list[Any]]:
    """Run them in one round trip, one after the other; returns the rows of each.

    Each sees what was committed when it begins, as if it had been sent alone. A text may hold
    several statements itself. In a request that may write, pghistory passes over all rows but
    those of the last statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(text for text, _ in statements),
            [value for _, values in statements for value in values],
        )
        found = [_rows(cursor)]
        while cursor.nextset():
            found.append(_rows(cursor))
        return found


def may_chain() -> bool:
    """Whether COMMIT_AND_CHAIN would commit nothing but the block of `atomic` that we are in."""
    return len(connection.atomic_blocks) == 1


def _rows(cursor: Any) -> list[Any]:
    has_rows = cursor.pgresult is not None and cursor.pgresult.nfields > 0
    return cursor.fetchall() if has_rows else []  # to describe all columns would take longer
