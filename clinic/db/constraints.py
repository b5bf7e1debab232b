"""What the database refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that refused a statement; empty if it was something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


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
