"""Keys that people's devices keep for them: see clinic.accounts.passkeys."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from clinic.models.base import Model
from clinic.models.staff import User


class PasskeyQuerySet(models.QuerySet["Passkey"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Each their own."""
        return self.none() if isinstance(user, AnonymousUser) else self.filter(user=user)


class Passkey(Model):
    """The public half of a key that a device of somebody keeps, and opens for its owner alone. A
    copy of the database opens nothing."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys"
    )
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField()  # with its public key, as WebAuthn writes it
    sign_count = models.BigIntegerField()  # 0 for ever where several devices share it
    last_used_at = models.DateTimeField(null=True)

    objects = PasskeyQuerySet.as_manager()

    class Meta:
        db_table = "clinic_passkey"

    def __str__(self) -> str:
        return self.name


class UsedChallenge(Model):
    """What a passkey has answered once is not taken again, for as long as it would hold."""

    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "clinic_used_challenge"

    def __str__(self) -> str:
        return "Used challenge"
