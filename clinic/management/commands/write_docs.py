from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.management.reference import NOTE, PAGES


class Command(BaseCommand):
    help = "Write the pages of docs/ that follow from the code: entities and problem codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if one is old"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs"
        old = []
        for name, text in ((name, NOTE + page()) for name, page in PAGES.items()):
            file = folder / name
            if not file.exists() or file.read_text() != text:
                old.append(f"docs/{name}")
                if not options["check"]:
                    file.write_text(text)
        if old and options["check"]:
            raise CommandError(f"Old: {', '.join(old)}. Run ./run manage write_docs")
        self.stdout.write(f"written: {', '.join(old) or 'nothing was old'}")
