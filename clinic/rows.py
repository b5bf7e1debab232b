"""Rows without the ORM between them and PostgreSQL, where that takes most of the time.

Lists of which a screen shows hundreds come as JSON that PostgreSQL has written: an object of
Django's for every row, and a serializer's field for every value, take ten times as long
(docs/performance.md). A test compares both. What every request reads comes by a prepared
statement (clinic.prepared), and becomes the same objects that the ORM would make.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import orjson
from django.db import models
from django.db.models import F, Func, Value

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
    """One JSON object: the columns of these names, and whatever else is given by name."""

    function = "json_build_object"
    template = "%(function)s(%(expressions)s)::text"
    output_field = models.TextField()

    def __init__(self, model: type[models.Model], names: Iterable[str], **joined: Any) -> None:
        values: list[Any] = []
        for name in names:
            values += [Value(name), joined.get(name) or _column(model, name)]
        super().__init__(*values)


def _column(model: type[models.Model], name: str) -> IsoInstant | F:
    is_instant = isinstance(model._meta.get_field(name), models.DateTimeField)
    return IsoInstant(name) if is_instant else F(name)


def as_written(rows: Iterable[str]) -> list[orjson.Fragment]:
    """Put JSON that is text already into an answer as it is."""
    return [orjson.Fragment(row) for row in rows]


def columns(alias: str, model: type[models.Model]) -> str:
    """All columns of a model, for a statement that `take` reads."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def take(model: type[M], values: list[Any]) -> M | None:
    """The object of the first of `values`, which are used up; None for an outer join's NULLs."""
    fields = [field.attname for field in model._meta.concrete_fields]
    row = model.from_db("default", fields, values[: len(fields)])
    del values[: len(fields)]
    return None if row.pk is None else row
