"""Celery entry points. A wake-up carries nothing: what is to be done stands in the database."""

from celery import shared_task
from django.utils import timezone

from sessions import services


@shared_task(ignore_result=True)
def keep_waitlist_moving() -> None:
    now = timezone.now()
    services.expire_offers(at=now)
    services.offer_freed_slots(at=now)


@shared_task(ignore_result=True)
def raise_missed_follow_ups() -> None:
    services.raise_missed_follow_ups(at=timezone.now())


@shared_task(ignore_result=True)
def raise_overdue_side_effects() -> None:
    services.raise_overdue_side_effects(at=timezone.now())


@shared_task(ignore_result=True)
def ask_after_planned_treatments() -> None:
    services.ask_after_planned_treatments(at=timezone.now())


@shared_task(ignore_result=True)
def warn_of_credentials() -> None:
    now = timezone.now()
    services.warn_of_credentials(at=now)
    services.warn_of_examinations(at=now)
