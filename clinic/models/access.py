"""Who has seen or changed what of which patient, and who was refused."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinic.models.base import Model
from clinic.models.staff import Role, User

SEE_ALL = (Role.MANAGER, Role.AUDITOR)


class ActorKind(models.TextChoices):
    STAFF = "STAFF", _("staff")
    PATIENT = "PATIENT", _("patient")
    SYSTEM = "SYSTEM", _("the product itself")
    NOBODY = "NOBODY", _("somebody unknown")


class Door(models.TextChoices):
    API = "API", _("API")
    ADMIN = "ADMIN", _("staff pages")
    PAGE = "PAGE", _("patient's pages")
    COMMAND = "COMMAND", _("command")
    WORKER = "WORKER", _("worker")
    WEBHOOK = "WEBHOOK", _("webhook")


class Action(models.TextChoices):
    READ = "READ", pgettext_lazy("access", "read")
    LIST = "LIST", pgettext_lazy("access", "listed")
    SEARCH = "SEARCH", pgettext_lazy("access", "searched")
    EXPORT = "EXPORT", pgettext_lazy("access", "exported")
    PRINT = "PRINT", pgettext_lazy("access", "printed")
    PHOTO = "PHOTO", _("looked at a photograph")
    MESSAGE_TEXT = "MESSAGE_TEXT", _("read the text of a message")
    WRITE = "WRITE", pgettext_lazy("access", "wrote")
    LOG_IN = "LOG_IN", _("logged in")
    LOG_OUT = "LOG_OUT", _("logged out")
    PERMISSION_CHANGE = "PERMISSION_CHANGE", _("changed an account")


class Outcome(models.TextChoices):
    DONE = "DONE", _("done")
    REFUSED = "REFUSED", _("refused")  # 401, 403, 404: not theirs to see
    FAILED = "FAILED", _("not done")  # what was asked broke a rule, or something broke


class AccessPurpose(models.TextChoices):
    TREATMENT = "TREATMENT", _("treatment")
    OPERATIONS = "OPERATIONS", _("running the clinic")
    PATIENT_REQUEST = "PATIENT_REQUEST", _("the patient's own request")
    BREAK_GLASS = "BREAK_GLASS", _("break-glass")


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What people of the user's clinics did: managers and auditors see all of it, everybody
        else what they did themselves."""
        if isinstance(user, AnonymousUser):
            return self.none()
        rows = self.filter(clinic_ids__overlap=user.clinic_ids)
        return rows if user.role in SEE_ALL else rows.by_staff(user.pk)

    def by_staff(self, user_id: UUID) -> Self:
        return self.filter(actor_kind=ActorKind.STAFF, actor_id=user_id)

    def of_patients(self, ids: Sequence[UUID]) -> Self:
        return self.filter(patient_ids__overlap=list(ids))

    def between(self, first: datetime, end: datetime) -> Self:
        """By the id, which begins with the time: only the partitions of these months are read."""
        return self.filter(pk__gte=least_id(first), pk__lt=least_id(end))


def least_id(moment: datetime) -> UUID:
    """The least id of a row that was made at this time."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


class AccessRecord(Model):
    """One access, as one row without any value of what was seen (decision 0044).

    The table is made by its migration: it has a partition for each month, and neither its owner nor
    a trigger lets anybody change, delete or truncate its rows. It refers to nothing, so nothing
    that ends takes a row with it. `clinic.audit.record` writes it.
    """

    tells_of_patients: ClassVar[bool] = True

    actor_kind = models.CharField(max_length=8, choices=ActorKind)
    actor_id = models.UUIDField(null=True, help_text="The user or the patient.")
    role = models.CharField(max_length=16, blank=True)
    on_behalf_of = models.UUIDField(null=True, help_text="For whom, where it was somebody else.")
    clinic_ids: Any = ArrayField(models.UUIDField(), help_text="Where the actor works.")
    session = models.CharField(
        max_length=32, blank=True, help_text="Which log-in or link, not its secret."
    )
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    door = models.CharField(max_length=8, choices=Door)
    place = models.CharField(max_length=80, help_text="The page or endpoint, by its name.")
    purpose = models.CharField(max_length=16, choices=AccessPurpose)
    action = models.CharField(max_length=20, choices=Action)
    outcome = models.CharField(max_length=8, choices=Outcome)
    status = models.PositiveSmallIntegerField(null=True, help_text="As answered over HTTP.")
    code = models.CharField(max_length=60, blank=True, help_text="Why not.")
    object_model = models.CharField(max_length=60, blank=True)
    object_id = models.UUIDField(null=True)
    patient_ids: Any = ArrayField(models.UUIDField(), help_text="Of whom data left or changed.")
    count = models.PositiveIntegerField(help_text="How many rows were shown.")
    fields: Any = ArrayField(
        models.CharField(max_length=60), help_text="What was shown or changed, by name."
    )

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "clinic_access_record"

    def __str__(self) -> str:
        return str(self.get_action_display()).capitalize()

    @property
    def at(self) -> datetime:
        """When, by the id: lists are ordered and cut by it."""
        return datetime.fromtimestamp((self.pk.int >> 80) / 1000, UTC)
