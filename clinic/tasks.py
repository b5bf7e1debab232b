"""Celery entry points: when, never what."""

from celery import shared_task
from django.utils import timezone

from clinic.http import idempotency, tokens


@shared_task(ignore_result=True)
def purge_idempotency_keys() -> None:
    idempotency.purge_keys(at=timezone.now())


@shared_task(ignore_result=True)
def purge_tokens() -> None:
    tokens.purge_tokens(at=timezone.now())
