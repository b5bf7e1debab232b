"""Celery entry points. A wake-up carries nothing: what is to be done stands in the database."""

from celery import shared_task
from django.utils import timezone

from clinic.wakeups import wake
from patients.services.imports import go_on_with_imports


@shared_task(ignore_result=True)
def go_on_with_files() -> None:
    """Some rows, and then others their turn."""
    if go_on_with_imports(at=timezone.now()):
        wake(go_on_with_files)
