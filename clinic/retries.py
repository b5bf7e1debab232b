"""Faults of concurrency that another try mends, hidden from the caller."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

from clinic.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")

# serialization failure, deadlock, lock timeout
PASSING = {"40001", "40P01", "55P03"}
RETRIES = 3
PAUSE_SECONDS = 0.05


class Busy(DomainError):
    status = 503
    code = "busy"
    title = "Too many at once"
    retry_after = 2


def retried(write: Callable[P, T]) -> Callable[P, T]:
    """Run `write` again, as a whole, when PostgreSQL has ended it in favour of another one.

    Stands above `transaction.atomic`: what was read before the fault is void. Inside of somebody
    else's transaction it does nothing, because only the outermost one can be run again.
    Raises Busy when three more tries did not help.
    """

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return write(*args, **kwargs)
        for pause in range(1, RETRIES + 1):
            try:
                return write(*args, **kwargs)
            except OperationalError as error:
                _require_passing(error)
            # Jitter, so that two which met once do not meet again.
            time.sleep(PAUSE_SECONDS * pause * random.uniform(0.5, 1.5))  # noqa: S311
        try:
            return write(*args, **kwargs)
        except OperationalError as error:
            _require_passing(error)
            raise Busy("Others are writing the same things. Try again in a moment.") from error

    return run


def _require_passing(error: OperationalError) -> None:
    """Re-raises what another try would not mend."""
    if getattr(error.__cause__, "sqlstate", None) not in PASSING:
        raise error
