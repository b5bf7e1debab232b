from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic.ops.backup.archive import BackupFailed, new_identity
from clinic.ops.backup.make import make_backup


class Command(BaseCommand):
    help = "Back up database and photographs into one encrypted file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", default=settings.BACKUP_DIR, help="the folder (BACKUP_DIR)")
        parser.add_argument(
            "--recipient",
            action="append",
            help="a public key of age, once for each (BACKUP_RECIPIENTS)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=settings.BACKUP_KEEP,
            help="how many of the newest stay (BACKUP_KEEP); 0: all",
        )
        parser.add_argument(
            "--make-key",
            metavar="FILE",
            help="instead: write a new secret key there, and print its public one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["make_key"]:
                self.stdout.write(new_identity(Path(options["make_key"])))
                return
            if not options["to"]:
                raise CommandError("Where to? Name a folder with --to or in BACKUP_DIR.")
            make_backup(
                folder=Path(options["to"]),
                recipients=options["recipient"] or settings.BACKUP_RECIPIENTS,
                keep=options["keep"],
                at=timezone.now(),
                tell=self.stdout.write,
            )
        except (BackupFailed, FileExistsError) as error:
            raise CommandError(f"{error}.") from None
