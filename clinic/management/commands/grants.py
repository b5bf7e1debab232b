from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinic.db.grants import grant_to


class Command(BaseCommand):
    help = "As the owner of the tables, after `migrate`: let this role read and write their rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        self.stdout.write(f"{role} may read and write the rows of {grant_to(role)} tables.")
