from typing import Any

from django.core.management.base import BaseCommand

from clinic.demo.seed import seed


class Command(BaseCommand):
    help = "Add the demo clinics and their staff, once. Refuses a database with real clinics."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(seed())
