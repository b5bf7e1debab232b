"""Celery entry points. A wake-up carries nothing: what is due stands in the database."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from aftercare import dispatch
from clinic.models import Heartbeat

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def send_due_messages() -> None:
    Heartbeat.beat("worker", at=timezone.now())
    if dispatch.send_due(clock=timezone.now):
        wake()  # there may be more: a run is bounded


def wake() -> None:
    """Ask a worker to look at once. A courtesy: beat asks every few seconds anyway."""
    try:
        send_due_messages.apply_async(retry=False, expires=60)
    except OperationalError as error:
        logger.warning("no broker to wake a worker with: %s", error)
