"""A practitioner's calendar outside of the clinic: opened, renewed and closed by its owner."""

import secrets
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import CalendarFeed, User
from clinic.models.calendar import digest


class NoCalendar(DomainError):
    status = 404
    code = "no_calendar"
    title = gettext_noop("There is no calendar address")


@retried_transaction
def open_calendar(*, at: datetime, by: User) -> tuple[CalendarFeed, str]:
    """Give the calendar a new secret, which ends the old one. It is told here and never again."""
    secret = secrets.token_urlsafe(32)
    feed, _ = CalendarFeed.objects.update_or_create(
        user=by, defaults={"secret_sha256": digest(secret), "renewed_at": at}
    )
    return feed, secret


@retried_transaction
def close_calendar(*, at: datetime, by: User) -> None:
    """End the address for good. Raises NoCalendar."""
    closed, _ = CalendarFeed.objects.filter(user=by).delete()
    if not closed:
        raise NoCalendar(gettext("Open one first: there is none to close."))
