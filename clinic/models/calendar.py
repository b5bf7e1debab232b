"""Where a practitioner's own calendar program may read their bookings."""

from hashlib import sha256
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from clinic.models.base import Model
from clinic.models.staff import Role, User


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def opened_by(self, secret: str) -> Self:
        """The feed of this secret, while its owner still treats."""
        return self.filter(
            secret_sha256=digest(secret), user__role=Role.PRACTITIONER, user__is_active=True
        )


class CalendarFeed(Model):
    """The one secret address of a practitioner's calendar. Whoever has the address can read it.

    Only the hash of the secret is stored: a copy of the database opens no calendar.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_feed")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    renewed_at = models.DateTimeField()

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        db_table = "clinic_calendar_feed"
        constraints = [
            models.CheckConstraint(
                name="calendar_feed_keeps_a_hash",
                condition=Q(secret_sha256__regex=r"^[0-9a-f]{64}$"),  # noqa: S106
            )
        ]

    def __str__(self) -> str:
        return gettext("Calendar of {name}").format(name=self.user)


def digest(secret: str) -> str:
    """256 random bits need no salt and no slow hash."""
    return sha256(secret.encode()).hexdigest()
