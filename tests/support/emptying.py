"""The database empty again after a test that commits, in a tenth of the time that `flush` takes.

`flush` truncates, which makes new files for each of more than a hundred tables and their indexes,
and then makes Django's content types and permissions anew. Here rows are deleted, with triggers and
foreign keys at rest, and what `migrate` has made stays.
"""

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import connection
from django.utils import timezone

from aftercare.dispatch import guard

STAYS = {
    *(ContentType._meta.db_table, Permission._meta.db_table),
    *("django_migrations", "clinic_schema"),
}


def delete_instead_of_truncating() -> None:
    """What Django calls after a test with `transaction=True`, unless our role may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        [may] = cursor.fetchone()
    if may:
        for name, ours in (("sql_flush", _deletions), ("emit_post_migrate_signal", _as_if_new)):
            setattr(flush, name, ours)


def _deletions(*_: Any, **__: Any) -> list[str]:
    """Also of tables that are no model's and that triggers fill, and of those from which even their
    owner may not delete: who has read what, and its seals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, has_table_privilege(oid, 'DELETE') FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition"
        )
        found = {name: may for name, may in cursor.fetchall() if name not in STAYS}
    quote = connection.ops.quote_name
    tables = [quote(name) for name in sorted(found)]
    closed = ", ".join(quote(name) for name, may in found.items() if not may)
    statements = [
        "SET LOCAL session_replication_role = replica",
        *([f"GRANT DELETE ON {closed} TO CURRENT_USER"] if closed else []),
        # Whoever still writes is waited for, as TRUNCATE does.
        f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE",
        *(f"DELETE FROM {table}" for table in tables),  # noqa: S608  names of our own
        *([f"REVOKE DELETE ON {closed} FROM CURRENT_USER"] if closed else []),
    ]
    return ["; ".join(statements)]


def _as_if_new(*_: Any, **__: Any) -> None:
    guard.adopt(at=timezone.now())
