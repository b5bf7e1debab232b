from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.ops.backup.archive import BackupFailed, identities_in
from clinic.ops.backup.restore import restore_backup


class Command(BaseCommand):
    help = "Restore a backup into an empty database, and say whether it is the clinic again."
    requires_system_checks = []  # there are no tables yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key", type=Path, required=True, help="the file of the secret key")
        parser.add_argument(
            "--check",
            action="store_true",
            help="a rehearsal: afterwards the database is empty again, and MEDIA_ROOT untouched",
        )

        parser.add_argument(
            "--journal",
            type=Path,
            help="the newest journal of erasures, where it is not the one of the backup",
        )

    def handle(
        self,
        *args: Any,
        file: Path,
        key: Path,
        check: bool,
        journal: Path | None = None,
        **options: Any,
    ) -> None:
        if journal and not journal.is_file():
            raise CommandError(f"There is no journal {journal}.")
        try:
            faults = restore_backup(
                file=file,
                identities=identities_in(key),
                rehearsal=check,
                tell=self.stdout.write,
                journal=journal,
            )
        except (BackupFailed, FileNotFoundError) as error:
            raise CommandError(f"{error}.") from None
        if faults:
            raise CommandError(f"{len(faults)} of these are not as they should be.")
        self.stdout.write("It is the clinic again.")
