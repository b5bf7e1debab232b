"""What opens the pages that a link alone does not open: the birth date, and for how long."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.models.message import Message
from clinic.models import Model, append_only
from clinic.values.moments import date_in_words
from patients.models import Patient

TRIES_OF_LINK = 5


class BirthDateTryQuerySet(models.QuerySet["BirthDateTry"]):
    def of_patient(self, patient: Patient) -> Self:
        """By all links that the patient has had."""
        return self.filter(message__patient=patient)


class BirthDateTry(Model):
    """A wrong birth date at a link. They are numbered, so that a link cannot take more of them than
    it may, however many are sent at once. What was typed is not kept."""

    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, related_name="birth_date_tries", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    tried_at = models.DateTimeField()

    objects = BirthDateTryQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_birth_date_try"
        constraints = [
            models.UniqueConstraint(name="birth_date_try_once", fields=["message", "number"]),
            models.CheckConstraint(
                name="birth_date_try_1_to_5", condition=Q(number__range=(1, TRIES_OF_LINK))
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Wrong birth date {number}").format(number=self.number)


class LinkAccess(Model):
    """A browser that has given the right birth date. It holds the secret, we only its hash."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="accesses")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "aftercare_link_access"
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Opened at {opened_at}").format(
            opened_at=date_in_words(timezone.localtime(self.opened_at), "j M Y H:i")
        )
