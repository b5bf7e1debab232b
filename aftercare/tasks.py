"""Celery entry points. A wake-up carries nothing: what is due stands in the database."""

from celery import shared_task
from django.utils import timezone

from aftercare.alerts import send as alerts
from aftercare.dispatch import run as dispatch
from aftercare.planning import gradual, silence
from aftercare.records.accesses import weekly
from aftercare.records.downtime.deliver import deliver_packs
from aftercare.records.erasure import complete_journal
from aftercare.records.export import go_on_with_exports, remove_files
from aftercare.services import recall, telling
from clinic.models import Heartbeat
from clinic.wakeups import wake


@shared_task(ignore_result=True)
def send_due_messages() -> None:
    Heartbeat.beat("worker", at=timezone.now())
    if dispatch.send_due(clock=timezone.now):
        wake(send_due_messages)  # there may be more: a run is bounded


@shared_task(ignore_result=True)
def report_accesses() -> None:
    weekly.report_accesses(at=timezone.now())


@shared_task(ignore_result=True)
def tell_staff() -> None:
    alerts.tell_staff(clock=timezone.now)


@shared_task(ignore_result=True)
def ask_the_silent() -> None:
    now = timezone.now()
    silence.ask_again(at=now)
    silence.call_the_silent(at=now)


@shared_task(ignore_result=True)
def go_on_with_replans() -> None:
    """Some visits, and then others their turn."""
    if gradual.go_on_with_replans(at=timezone.now()):
        wake(go_on_with_replans)


@shared_task(ignore_result=True)
def go_on_with_tellings() -> None:
    """Likewise with patients of recalled lots."""
    if telling.go_on_with_tellings(at=timezone.now()):
        wake(go_on_with_tellings)


@shared_task(ignore_result=True)
def follow_recalls() -> None:
    recall.call_the_silent(at=timezone.now())


@shared_task(ignore_result=True)
def deliver_downtime_packs() -> None:
    deliver_packs(at=timezone.now())


@shared_task(ignore_result=True)
def make_exports() -> None:
    """Some parts, and then others their turn; and what has expired goes."""
    remove_files(at=timezone.now())
    if go_on_with_exports(at=timezone.now()):
        wake(make_exports)


@shared_task(ignore_result=True)
def complete_erasure_journal() -> None:
    complete_journal()
