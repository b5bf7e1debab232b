from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.ops.health import PARTS, seen


class Command(BaseCommand):
    help = "Succeed if this part has lately written that it lives: a health check for containers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=PARTS)

    def handle(self, *args: Any, **options: Any) -> None:
        if not seen(options["part"]):
            raise CommandError(f"{options['part']} is silent")
