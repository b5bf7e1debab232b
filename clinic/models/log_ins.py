"""What is remembered of log-ins: tries that failed, and from where an account is used."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from clinic.models.base import Model


class LoginTries(Model):
    """How often in a row a log-in failed, by what the tries have in common: a name, an address.
    It is told from nothing in here which; see clinic.accounts.guessing."""

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "clinic_login_tries"
        indexes = [models.Index(name="login_tries_by_age", fields=["last_at"])]

    def __str__(self) -> str:
        return f"{self.failures} failures"


class KnownNetworkQuerySet(models.QuerySet["KnownNetwork"]):
    def used_since(self, limit: datetime) -> Self:
        return self.filter(last_at__gte=limit)


class KnownNetwork(Model):
    """From where somebody has logged in: what others guess elsewhere does not slow them there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    network = models.CharField(max_length=43)
    last_at = models.DateTimeField()

    objects = KnownNetworkQuerySet.as_manager()

    class Meta:
        db_table = "clinic_known_network"
        constraints = [
            models.UniqueConstraint(name="known_network_once_a_user", fields=["user", "network"])
        ]

    def __str__(self) -> str:
        return self.network
