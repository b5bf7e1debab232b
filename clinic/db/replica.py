"""What only reads, and reads much, may be read from a standby: `DATABASE_REPLICA_URL`.

Note [Never older than the question]
    A standby is behind by some milliseconds, and after a bad night by more. Nobody should look for
    what they have just typed, nor a report differ from the list beside it. So the leader says how
    far it has come when it is asked (what it has acknowledged, it has flushed), and the standby
    must have come as far; if it has not within half a second, or does not answer, the leader
    answers itself, for some seconds without asking.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)

P = ParamSpec("P")
T = TypeVar("T")
REPLICA = "replica"  # its name in DATABASES
PATIENCE_SECONDS, STEP_SECONDS, AWAY_SECONDS = 0.5, 0.01, 10.0
_alias: ContextVar[str] = ContextVar("alias", default=DEFAULT_DB_ALIAS)
logger = logging.getLogger(__name__)


class Router:
    """Everything is the leader's, but what is read by a function that `reads_aside`."""

    def db_for_read(self, model: object, **hints: object) -> str:
        return _alias.get()

    def db_for_write(self, model: object, **hints: object) -> str:
        return DEFAULT_DB_ALIAS  # also of a row that came from the standby

    def allow_relation(self, one: object, other: object, **hints: object) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == DEFAULT_DB_ALIAS


def reading() -> Any:
    """The connection for SQL of our own that only reads."""
    return connections[_alias.get()]


class _Standby:
    """What this process knows of it."""

    def __init__(self) -> None:
        self._away_until = float("-inf")  # on the monotonic clock

    def has_come_as_far(self) -> bool:
        """As the leader has by now. See Note [Never older than the question]."""
        if time.monotonic() < self._away_until:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_flush_lsn()::text")
            (asked,) = cursor.fetchone()
        ends = time.monotonic() + PATIENCE_SECONDS
        try:
            with connections[REPLICA].cursor() as cursor:
                while time.monotonic() < ends:
                    cursor.execute(
                        "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn",
                        [asked],
                    )
                    if cursor.fetchone() == (True,):
                        return True
                    time.sleep(STEP_SECONDS)
        except (OperationalError, InterfaceError):
            return self.passed_over("does not answer")
        return self.passed_over("is behind, or is no standby")

    def passed_over(self, why: str) -> bool:
        self._away_until = time.monotonic() + AWAY_SECONDS
        logger.warning("the standby %s: the leader reads for it", why)
        return False


standby = _Standby()


def reads_aside(read: Callable[P, T]) -> Callable[P, T]:
    """For a function that only reads, and has read all of it when it returns. Inside a transaction
    the leader reads: the standby does not know what it has written."""

    @wraps(read)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        aside = REPLICA in settings.DATABASES and not connection.in_atomic_block
        if aside and _alias.get() != REPLICA and standby.has_come_as_far():
            token = _alias.set(REPLICA)
            try:
                return read(*args, **kwargs)
            except (OperationalError, InterfaceError):  # ended by what it must replay, or gone
                standby.passed_over("has ended what it read")
            finally:
                _alias.reset(token)
        return read(*args, **kwargs)

    return run
