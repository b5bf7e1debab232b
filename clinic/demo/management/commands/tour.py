import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.demo.tour.client import TourFailed
from clinic.demo.tour.journey import Tour


class Command(BaseCommand):
    help = "Play a whole treatment against the running demo over HTTP, and read the messages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=os.environ.get("CLINIC_URL", "http://localhost:8000"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Tour(options["url"]).play()
        except TourFailed as error:
            raise CommandError(str(error)) from None
