import gc
from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import DEFAULT_DB_ALIAS

from clinic.db import schema

# Migrations make some 20,000 classes, and classes are freed by the collector alone: at its usual
# pace (700, 10, 10) it goes through all of them again and again, for a third of the time. This
# takes 200 MB more at most.
SELDOM = (1_000_000, 2, 2)


class Command(DjangoCommand):
    """Django's, which also writes down what it has made: Note [Fingerprint of the schema]."""

    def handle(self, *args: Any, **options: Any) -> None:
        looks_only = options.get("plan") or options.get("check_unapplied")
        if looks_only or options.get("database", DEFAULT_DB_ALIAS) != DEFAULT_DB_ALIAS:
            super().handle(*args, **options)
            return
        before, found = schema.made(), schema.read()
        usual = gc.get_threshold()
        gc.set_threshold(*SELDOM)
        try:
            super().handle(*args, **options)
        finally:
            gc.set_threshold(*usual)
        if differs := schema.write_down(before, found):
            self.stderr.write(f"Not as it was made: {'; '.join(differs)}. {schema.WHAT_TO_DO}")
