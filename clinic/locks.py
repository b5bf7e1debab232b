"""Advisory locks: one writer at a time on what has no row to lock."""

from hashlib import blake2b

from django.db import connection


def lock(*names: str) -> None:
    """Hold the named locks until the transaction ends. Sorted, so two callers cannot deadlock.

    Must run in a transaction, before the check that it protects.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An advisory lock outside a transaction ends at once.")
    keys = sorted(_key(name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
