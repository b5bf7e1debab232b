"""Faults of concurrency that another try mends, hidden from the caller."""

import random
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from time import monotonic, sleep
from typing import Any, ParamSpec, TypeVar

import pghistory
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from clinic.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")

# Set around a page of a patient, which is in the patient's language.
reader_is_patient: ContextVar[bool] = ContextVar("reader_is_patient", default=False)
# serialization failure, deadlock, lock timeout
PASSING = {"40001", "40P01", "55P03"}
RETRIES = 3
PAUSE_SECONDS = 0.05
# No new try begins after this time. A lock is waited for 4 s (clinic.settings), so the last one
# ends after 12 s: a provider that is being called behind a message's lock has answered by then.
PATIENCE_SECONDS = 10.0


class Busy(DomainError):
    status = 503
    code = "busy"
    title = gettext_noop("Too many at once")
    retry_after = 2

    def __init__(
        self,
        message: str = gettext_noop("Others are writing the same things. Try again in a moment."),
    ) -> None:
        super().__init__(gettext(message))


def retried_transaction(write: Callable[P, T]) -> Callable[P, T]:
    """For every service that writes: one transaction, run again as a whole when PostgreSQL has
    ended it in favour of another one.

    Inside of somebody else's transaction it is a savepoint, and only the outermost one can be run
    again. Raises Busy when three more tries did not help.
    """
    service = _marked(_attributed(retried(transaction.atomic(write))))
    service.as_step = retried_step(write)  # type: ignore[attr-defined]
    return service


def as_step(service: Callable[..., T]) -> Callable[..., T]:
    """The service without a savepoint, for a transaction that is opened just for it and fails with
    it."""
    step: Callable[..., T] = service.as_step  # type: ignore[attr-defined]
    return step


def retried_step(write: Callable[P, T]) -> Callable[P, T]:
    """The same for what is mostly one step of a larger service: there it costs no savepoint."""
    return _marked(_attributed(retried(transaction.atomic(savepoint=False)(write))))


def _attributed(write: Callable[P, T]) -> Callable[P, T]:
    """Whoever a service is called for (`by`) stands in the history of the rows that it changes,
    also where no request has told it.

    What staff read of it later is in the language of whoever has caused it, if they are staff too;
    what a patient has caused is in that of the code, whatever the patient reads.

    PostgreSQL keeps it until the transaction ends: in a larger one, what plain SQL writes after the
    service is put down to the same person, unless it names another.
    """

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        by: Any = kwargs.get("by") or getattr(kwargs.get("decider"), "by", None)
        if by is None and reader_is_patient.get():
            with translation.override(settings.LANGUAGE_CODE):
                return write(*args, **kwargs)
        if by is None:
            return write(*args, **kwargs)
        with pghistory.context(user=str(by.pk)):
            return write(*args, **kwargs)

    return run


def retried(write: Callable[P, T]) -> Callable[P, T]:
    """Run `write`, which makes its own transaction, again after a passing fault.

    What was read before the fault is void. In a transaction of somebody else it does nothing.
    """

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return write(*args, **kwargs)
        began = monotonic()
        for pause in range(1, RETRIES + 2):
            try:
                return write(*args, **kwargs)
            except OperationalError as error:
                if not is_passing(error):
                    raise
                if pause > RETRIES or monotonic() - began > PATIENCE_SECONDS:
                    raise Busy from error
            # Jitter, so that two which met once do not meet again.
            sleep(PAUSE_SECONDS * pause * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("unreachable")

    return run


def is_passing(error: BaseException | None) -> bool:
    """Whether another try may mend this fault of the database."""
    return getattr(error and error.__cause__, "sqlstate", None) in PASSING


def is_retried(service: Callable[..., object]) -> bool:
    return getattr(service, "is_retried", False)


def _marked(service: Callable[P, T]) -> Callable[P, T]:
    """For the test that walks all services."""
    service.is_retried = True  # type: ignore[attr-defined]
    return service
