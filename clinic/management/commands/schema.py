from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.db import schema


class Command(BaseCommand):
    help = "Say what differs from the schema that `migrate` has made, and succeed if nothing does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accept", action="store_true", help="take what there is now for what is meant"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accept"]:
            schema.accept()
        found = schema.look()
        if found:
            said = "; ".join(found)
            raise CommandError(
                f"The schema is not as `migrate` has made it: {said}. {schema.WHAT_TO_DO}"
            )
        self.stdout.write("The schema is as `migrate` has made it.")
