"""How much of the database's log was safe when a provider was last called.

Note [Fail-over]
    A standby that takes over begins a new timeline, which forks from the one before at a place of
    the log. What lies before that place is there; what lies behind is lost, and with it perhaps
    that a message was sent. So before a provider is called for a marked message, it is written
    down, outside of the database, up to where a synchronous standby had the log by then: the mark
    lies before that, because its commit has waited for the standby. A timeline that forks there or
    later knows of every call, and dispatch goes on; otherwise a person is asked.

    The database tells both places, by two functions that only a superuser can install
    (deploy/patroni/failover.sql). Without them nothing is kept, and a person is asked. It is kept
    in Valkey, without which no worker is woken either: who cannot write it down does not call.
"""

from functools import cache

import redis
from django.conf import settings
from django.db import connection

SECONDS = 1.0  # that anybody waits for Valkey


class NotKept(Exception):
    """Nobody could be told what is safe: the provider must not be called now."""


class Confirmed:
    """What is written down of this database, in Valkey: others may use the same one."""

    def __init__(self, cluster: str, database: int) -> None:
        self._key = f"clinic:confirmed:{cluster}:{database}"

    def keep(self) -> None:
        """Write down what is safe now: before each call."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clinic_confirmed_lsn() - '0/0'")
            safe = int(cursor.fetchone()[0])
        try:  # never back: workers overtake each other
            _valkey().zadd(self._key, {"lsn": safe}, gt=True)
        except redis.RedisError as error:
            raise NotKept(type(error).__name__) from error

    def begin(self) -> None:
        """Valkey may have been emptied: what is safe now is enough for all calls so far."""
        if self.last() is None:
            self.keep()

    def last(self) -> int | None:
        """What was safe at the last call; None if nobody knows."""
        try:
            found = _valkey().zscore(self._key, "lsn")
        except redis.RedisError:
            return None
        return None if found is None else int(found)


def of_this_database() -> Confirmed | None:
    """None if the database does not tell what is safe, and where timelines fork."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, pg_database.oid FROM pg_control_system(), pg_database"
            " WHERE datname = current_database()"
            " AND to_regprocedure('clinic_confirmed_lsn()') IS NOT NULL"
            " AND to_regprocedure('clinic_timeline_history()') IS NOT NULL"
        )
        found = cursor.fetchone()
    return Confirmed(*found) if found else None


def fork(timeline: int) -> int | None:
    """Where this database's timeline has left that one; None if it does not come from it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clinic_timeline_history()")
        history: str = cursor.fetchone()[0] or ""
    for line in history.splitlines():
        parent, _, rest = line.strip().partition("\t")
        if parent == str(timeline):
            high, _, low = rest.split("\t")[0].partition("/")
            return (int(high, 16) << 32) + int(low, 16)
    return None


@cache
def _valkey() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
    )
