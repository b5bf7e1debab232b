import gc
from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

# Migrations make some 20,000 classes, and classes are freed by the collector alone: at its usual
# pace (700, 10, 10) it goes through all of them again and again, for a third of the time. This
# takes 200 MB more at most.
SELDOM = (1_000_000, 2, 2)


class Command(DjangoCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        usual = gc.get_threshold()
        gc.set_threshold(*SELDOM)
        try:
            super().handle(*args, **options)
        finally:
            gc.set_threshold(*usual)
