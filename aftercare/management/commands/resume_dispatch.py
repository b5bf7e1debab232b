"""Let this database send messages: after a restore, a move, a fail-over or a new host name."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from aftercare.dispatch import guard


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--after-restore",
            action="store_true",
            help="everything that was due before now may have been sent already by the database "
            "that was lost: put it in doubt, for a person to decide",
        )

    def handle(self, *args: Any, after_restore: bool, **options: Any) -> None:
        why, now = guard.check(), timezone.now()
        if after_restore:
            # First, and by itself: nothing may be sent in between.
            doubtful = guard.put_due_in_doubt(at=now)
            self.stdout.write(f"{doubtful} messages are now in doubt.")
        if not why:
            self.stdout.write("This database was the one that sends, and is.")
            return
        guard.adopt(at=now)
        self.stdout.write(f"This database sends from now on (before: {why}).")
