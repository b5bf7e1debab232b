import gc
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection

from clinic.db import schema
from clinic.db.retries import is_passing

# Migrations make thousands of classes, and classes are freed by the collector alone: at its usual
# pace (700, 10, 10) it goes through all of them again and again, for a third of the time. This
# takes 200 MB more at most.
SELDOM = (1_000_000, 2, 2)
# An index of a large table takes minutes. But what waits for a table holds up all who come after
# it, readers too: it steps back after two seconds, and comes again (docs/upgrading.md).
LIMITS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "2s",
}
PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 900.0


class Command(DjangoCommand):
    """Django's, which takes its time and nobody else's, and writes down what it has made: Note
    [Fingerprint of the schema]."""

    def handle(self, *args: Any, **options: Any) -> None:
        looks_only = options.get("plan") or options.get("check_unapplied")
        if looks_only or options.get("database", DEFAULT_DB_ALIAS) != DEFAULT_DB_ALIAS:
            super().handle(*args, **options)
            return
        if settings.DATABASE_POOLED:
            raise CommandError(
                "Migrations set limits for a whole connection: run them past PgBouncer, with "
                "PostgreSQL's own address in DATABASE_URL and without DATABASE_POOLED."
            )
        before, found = schema.made(), schema.read()
        usual = gc.get_threshold()
        gc.set_threshold(*SELDOM)
        try:
            self._patiently(*args, **options)
        finally:
            gc.set_threshold(*usual)
        if differs := schema.write_down(before, found):
            self.stderr.write(f"Not as it was made: {'; '.join(differs)}. {schema.WHAT_TO_DO}")

    def _patiently(self, *args: Any, **options: Any) -> None:
        """Each migration is one transaction, so what was done stays, and the next try goes on.
        Raises CommandError when others have kept a table for a quarter of an hour."""
        ends = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("; ".join(f"SET {name} = '{v}'" for name, v in LIMITS.items()))
                super().handle(*args, **options)
            except OperationalError as error:
                if connection.in_atomic_block or not is_passing(error):
                    raise
                if monotonic() > ends:
                    raise CommandError(
                        "Others have kept a table for a quarter of an hour. What was migrated "
                        "stays; end what they do (pg_stat_activity shows it), and migrate again."
                    ) from error
                self.stderr.write("A table is in use by others. Stepping back, and trying again…")
                sleep(PAUSE_SECONDS)
            else:
                with connection.cursor() as cursor:
                    cursor.execute("; ".join(f"RESET {name}" for name in LIMITS))
                return
