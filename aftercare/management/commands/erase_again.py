"""Erase again whom the journal of erasures names: after a database went back to an earlier moment
by another way than `manage.py restore`, which does it by itself."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from aftercare.records.erasure import apply_again, journal_file


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("journal", type=Path, nargs="?", help="else the one that is set")

    def handle(self, *args: Any, journal: Path | None, **options: Any) -> None:
        path = journal or journal_file()
        if not path.is_file():
            raise CommandError(f"There is no journal {path}.")
        self.stdout.write(f"Erased again: {apply_again(path)}.")
