"""What the database refused, and whether a rule of ours has refused it.

A constraint that we have declared says that what was asked clashes with what is recorded. Anything
else that PostgreSQL refuses (a value that nobody gave, a key to a row that is not there, a check
that only keeps a number positive) is a fault of ours, and is told as one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Model

FOREIGN_KEY = "23503"
# Keys over several columns are named by hand; Django calls all others …_fk_….
OF_DJANGO = re.compile(r"_fk(_\w+)?$")
# What the triggers of the models refuse, by the names that they give it (clinic.models.refuse).
OF_TRIGGERS: set[str] = set()


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that refused a statement; empty if it was something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def is_declared(error: BaseException) -> bool:
    """Whether it is one of our rules that refused it."""
    name = constraint_of(error)
    if getattr(error.__cause__, "sqlstate", "") == FOREIGN_KEY:
        return bool(name) and not OF_DJANGO.search(name)
    return name in OF_TRIGGERS or name in declared()


@cache
def declared() -> frozenset[str]:
    """The constraints of all models: those with a name, and fields that say `unique`."""
    return frozenset(name for model in apps.get_models() for name in _declared(model))


def _declared(model: type[Model]) -> Iterator[str]:
    yield from (constraint.name for constraint in model._meta.constraints)
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield f"{model._meta.db_table}_{field.column}_key"  # as PostgreSQL calls it


@contextmanager
def refusal_of(constraint: str, words: Exception) -> Iterator[None]:
    """A savepoint: what this constraint refuses is told in these words, all else as it is."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint_of(error) != constraint:
            raise
        raise words from error
