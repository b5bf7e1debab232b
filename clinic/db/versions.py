"""Which state of an object somebody has seen: what is behind an ETag and an edit form."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Expression, OuterRef

Rows = TypeVar("Rows", bound=models.QuerySet[Any])
OWN, PART = "state_of_row", "states_of_{}"
STATE = "xmin::text || ctid::text"

# What a service calls once it holds its locks: it raises VersionMismatch if the object is not as
# the caller has seen it.
Check = Callable[[], None]


def no_version_check() -> None:
    """The caller has said nothing of what they saw."""


class State(Expression):
    """What PostgreSQL keeps with every state of a row: the transaction and the place."""

    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        return state_of(compiler.quote_name_unless_alias(compiler.query.base_table)), ()


def state_of(table: str) -> str:
    """The State of a row of this table, or of what a statement calls so, for SQL by hand."""
    return f"{table}.xmin::text || {table}.ctid::text"


def version_of(row: models.Model, *parts: str) -> str:
    """A short opaque text that changes with every write to the row, whoever writes, SQL included.

    `parts` are related names whose rows belong to the object, such as the zones of a chart: what is
    added, changed or deleted there counts too. To compare it with what a client or a form has seen,
    read it under the row's lock. It is made of the State of every row: no table needs a counter, no
    writer can forget it.
    """
    found = with_state(type(row)._base_manager.filter(pk=row.pk), *parts).values_list(
        OWN, *(PART.format(part) for part in parts)
    )
    return _digest(*found[0]) if found else ""


def with_state(rows: Rows, *parts: str) -> Rows:
    """Read the version of each row together with it, for `version_read`: so it is no newer than
    what was read beside it."""
    states = {PART.format(part): _states(rows.model, part) for part in parts}
    return rows.annotate(**{OWN: State()}, **states)


def version_read(row: Any, *parts: str) -> str:
    """The version of a row that was read `with_state`, or just written by `rows.Insert`."""
    return _digest(getattr(row, OWN), *(getattr(row, PART.format(part), []) for part in parts))


def note_parts(row: models.Model, **parts: Iterable[models.Model]) -> None:
    """What was just written with a row (by `rows.Insert`) and belongs to it, for `version_read`."""
    for part, rows in parts.items():
        setattr(row, PART.format(part), [getattr(one, OWN) for one in rows])


def _states(model: type[models.Model], part: str) -> ArraySubquery:
    """The states of the rows that belong to a row of `model`, by the name of their relation."""
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() == part:
            mine = {relation.field.name: OuterRef("pk")}
            rows = relation.related_model._base_manager.filter(**mine)
            return ArraySubquery(rows.order_by().values_list(State()))
    raise LookupError(f"{model.__name__} has no parts “{part}”.")


def _digest(own: str, *parts: list[str]) -> str:
    states = [[own], *(sorted(part) for part in parts)]
    return sha256(repr(states).encode()).hexdigest()[:16]
