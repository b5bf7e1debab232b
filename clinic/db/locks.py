"""Advisory locks: one writer at a time on what has no row to lock."""

from hashlib import blake2b

from django.db import connection

from clinic.db.prepared import Prepared, Statement, together

LOCKS = Prepared(
    "advisory_locks",
    """
    SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(key)::text
        ELSE pg_advisory_xact_lock(key)::text END
    FROM unnest(%(keys)s, %(shared)s) AS wanted (key, is_shared)
    """,
    types={"keys": "bigint[]", "shared": "bool[]"},
)


def lock(*names: str, shared: tuple[str, ...] = ()) -> None:
    """Hold the named locks until the transaction ends. Sorted, so two callers cannot deadlock.

    Those who hold a lock `shared` do not wait for each other, only for one who holds it alone.
    Must run in a transaction, before the check that it protects. Whoever waits longer than
    `lock_timeout` gets an OperationalError, which `clinic.db.retries` turns into another try.
    """
    together(statement(*names, shared=shared))


def try_lock(name: str) -> bool:
    """Hold the named lock until the transaction ends, unless somebody else holds it now."""
    _require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(name)])
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def statement(*names: str, shared: tuple[str, ...] = ()) -> Statement:
    """What takes the locks, for who sends more in the same round trip."""
    _require_transaction()
    wanted = sorted(
        [(_key(name), False) for name in names] + [(_key(name), True) for name in shared]
    )
    keys, is_shared = [key for key, _ in wanted], [flag for _, flag in wanted]
    return LOCKS.taught({"keys": keys, "shared": is_shared})


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("An advisory lock outside a transaction ends at once.")


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
