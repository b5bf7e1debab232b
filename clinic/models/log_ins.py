"""What is remembered of log-ins: tries that failed, and from where an account is used."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models.base import Model, one_of
from clinic.models.staff import User


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
        return gettext("{n} failures").format(n=self.failures)


class KnownNetworkQuerySet(models.QuerySet["KnownNetwork"]):
    def used_since(self, limit: datetime) -> Self:
        return self.filter(last_at__gte=limit)


class KnownNetwork(Model):
    """From where somebody has logged in: what others guess elsewhere does not slow them there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    network = models.CharField(max_length=43)
    last_at = models.DateTimeField()
    clients = ArrayField(models.CharField(max_length=60), default=list, db_default=[])

    objects = KnownNetworkQuerySet.as_manager()

    class Meta:
        db_table = "clinic_known_network"
        constraints = [
            models.UniqueConstraint(name="known_network_once_a_user", fields=["user", "network"])
        ]

    def __str__(self) -> str:
        return self.network


class LogInQuerySet(models.QuerySet["LogIn"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Each their own."""
        return self.none() if isinstance(user, AnonymousUser) else self.filter(user=user)


class LogIn(Model):
    """One log-in that has not ended: a token of the API, or a session of the staff's pages.

    It is there for its owner to look at and to end. What opens a door is the token or the session
    itself; the trigger of `User` deletes all of them together.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token = models.OneToOneField(
        "knox.AuthToken", on_delete=models.CASCADE, null=True, related_name="log_in"
    )
    session_key = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001  unique
    address = models.GenericIPAddressField(null=True)
    client = models.CharField(max_length=60)
    last_used_at = models.DateTimeField()

    objects = LogInQuerySet.as_manager()

    class Meta:
        db_table = "clinic_log_in"
        constraints = [
            models.CheckConstraint(
                name="log_in_token_or_session",
                condition=Q(token__isnull=True, session_key__isnull=False)
                | Q(token__isnull=False, session_key__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.client}, {self.address or gettext('on this machine')}"


class PasswordLink(Model):
    """That somebody is to get a link by mail, to set a password. The link itself is kept nowhere:
    it is made when it is sent, and the password that it sets ends it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_invitation = models.BooleanField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "clinic_password_link"
        constraints = [
            models.UniqueConstraint(
                name="password_link_one_waits", fields=["user"], condition=Q(sent_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return gettext("Invitation") if self.is_invitation else gettext("Link to set a password")


class SecondFactor(Model):
    """An app that shows its owner a code twice a minute, and what opens where the app is lost. A
    copy of the database opens nothing: see clinic.accounts.second_factor."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    secret = models.BinaryField()  # sealed, with a key that is not in here
    last_step = models.BigIntegerField()  # of the newest code that was taken: each opens once
    recovery_sha256 = ArrayField(models.CharField(max_length=64))  # of the codes that are left

    class Meta:
        db_table = "clinic_second_factor"

    def __str__(self) -> str:
        return gettext("Second factor")


class Pin(Model):
    """With which somebody signs, and takes over a tablet that knows them: few digits, so it opens
    nothing by itself. A trigger of `User` ends it with the password."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    hashed = models.CharField(max_length=128)

    class Meta:
        db_table = "clinic_pin"

    def __str__(self) -> str:
        return "PIN"


class DeviceStay(Model):
    """That somebody has logged in on a device, and may come back there by PIN for some hours: see
    clinic.accounts.switching. A trigger of `User` ends it with the password."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    device = models.CharField(max_length=64)
    began_at = models.DateTimeField()

    class Meta:
        db_table = "clinic_device_stay"
        constraints = [
            models.UniqueConstraint(name="device_stay_once_a_user", fields=["device", "user"])
        ]

    def __str__(self) -> str:
        return gettext("Device")


class NoticeKind(models.TextChoices):
    CONFIRM_ADDRESS = "CONFIRM_ADDRESS", _("link to confirm a new address")
    ADDRESS_CHANGES = "ADDRESS_CHANGES", _("another address was asked for")
    NEW_DEVICE = "NEW_DEVICE", _("log-in from a new device")
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED", _("what opens the account was changed")
    ACCESSES = "ACCESSES", _("the accesses of a week")
    SERVICE_ENDS = "SERVICE_ENDS", _("a service account is about to end")


class AccountNotice(Model):
    """A mail about somebody's own account, and where it goes; deleted a day after it was sent."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    email = models.EmailField()
    about = models.CharField(max_length=254, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "clinic_account_notice"
        constraints = [one_of("account_notice_kind_known", kind=NoticeKind)]

    def __str__(self) -> str:
        return self.get_kind_display()
