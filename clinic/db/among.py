"""Rows whose keys another statement finds.

Note [Found by their keys]
    `plan IN (SELECT …)` is a join of its own. Where rows are read with much that they belong to,
    PostgreSQL plans it last (`join_collapse_limit`, clinic/settings/database.py): it reads all rows
    of all clinics with all of it, and throws most away. The keys as an array are found first, and
    the rows then by their index.
"""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, QuerySet


class Among(Func):
    """For `filter`: a column is one of the few keys of `keys`, which has one column."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()

    def __init__(self, column: str, keys: "QuerySet[Any, Any]") -> None:
        super().__init__(F(column), ArraySubquery(keys))
