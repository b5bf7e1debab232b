from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clinic.demo.seed import seed


class Command(BaseCommand):
    help = "Add the demo clinics and their staff, once. Refuses a database with real clinics."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo (CLINIC_DEMO): nobody is added to a real clinic.")
        self.stdout.write(seed(self.stdout.write))
