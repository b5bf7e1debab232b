"""Rows that PostgreSQL itself writes as JSON, for lists of which a screen shows hundreds.

An object of Django's for every row, and a serializer's field for every value, take ten times as
long (docs/performance.md). `tests` compare both: they must say the same.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from django.db import models
from django.db.models import F, Func, Value


class IsoInstant(Func):
    """An instant as DRF writes it: 2027-03-01T09:00:00Z, with six decimals if there are any."""

    template = (
        "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS'"
        " || CASE WHEN date_trunc('second', %(expressions)s) = %(expressions)s THEN ''"
        " ELSE '.US' END || '\"Z\"')"
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
