"""Celery entry points: when, never what."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from clinic.accounts import guessing, integrations, log_ins, notices, passkeys, passwords
from clinic.audit import chain
from clinic.audit.heads import send_away
from clinic.audit.months import keep_months
from clinic.http import idempotency


@shared_task(ignore_result=True)
def purge_idempotency_keys() -> None:
    idempotency.purge_keys(at=timezone.now())


@shared_task(ignore_result=True)
def purge_tokens() -> None:
    log_ins.purge_log_ins(at=timezone.now())
    guessing.purge_tries(at=timezone.now())
    passkeys.purge_challenges(at=timezone.now())
    integrations.warn_of_ends(at=timezone.now())


@shared_task(ignore_result=True)
def keep_access_months() -> None:
    keep_months(years=settings.ACCESS_YEARS)


@shared_task(ignore_result=True)
def seal_accesses() -> None:
    chain.seal()
    send_away()


@shared_task(ignore_result=True)
def send_password_links() -> None:
    passwords.send_links(at=timezone.now())
    notices.send_notices(at=timezone.now())
