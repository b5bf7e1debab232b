"""Rows whose keys another statement finds.

Note [Found by their keys]
    `plan IN (SELECT …)` is a join of its own. Where rows are read with much that they belong to,
    PostgreSQL plans it last (`join_collapse_limit`, clinic/settings/database.py): it reads all rows
    of all clinics with all of it, and throws most away. The keys as an array are found first, and
    the rows then by their index.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, F, Func, QuerySet, UUIDField, Value


class Among(Func):
    """For `filter`: a column is one of the few keys of `keys`, which has one column."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()

    def __init__(self, column: str, keys: "QuerySet[Any, Any]") -> None:
        super().__init__(F(column), ArraySubquery(keys))


class Listed(Func):
    """For `filter`: a column is one of these keys, of which there may be a thousand.

    PostgreSQL does not look at them while it plans. Of keys that it sees it believes that they lie
    anywhere in an order, and reads all rows in that order until it has a page of them.
    """

    template = "%(expressions)s))"
    arg_joiner = " = ANY (ARRAY(SELECT "
    output_field = BooleanField()

    def __init__(self, column: str, keys: "Collection[Any]") -> None:
        one = UUIDField() if isinstance(next(iter(keys), UUID(int=0)), UUID) else BigIntegerField()
        array = Value(list(keys), ArrayField(one))
        super().__init__(F(column), Func(array, function="unnest"))
