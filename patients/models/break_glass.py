"""What is clinical, opened by somebody who does not treat: with a reason, for an hour."""

from datetime import datetime, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext

from clinic.db.encryption import EncryptedCharField
from clinic.models import ClinicScoped, Model, User, by_clinic, clinic_field, clinic_of
from clinic.values.moments import date_in_words
from patients.models.patient import Patient

LASTS = timedelta(minutes=60)


class BreakGlassQuerySet(ClinicScoped["BreakGlass"]):
    def open(self, at: datetime) -> Self:
        return self.filter(ended_at__isnull=True, until__gt=at)


class BreakGlass(Model):
    """Who has opened whose clinical record, why, and until when (decision 0070). Nothing of it
    changes but that it ends early, once."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="break_glasses")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="break_glasses")
    reason = EncryptedCharField(max_length=300)
    opened_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    clinic = clinic_field()

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        db_table = "break_glass"
        verbose_name = "break-glass access"
        verbose_name_plural = "break-glass accesses"
        constraints = [
            models.CheckConstraint(
                name="break_glass_for_an_hour",
                condition=Q(until=F("opened_at") + Value(LASTS)),
            ),
            models.CheckConstraint(
                name="break_glass_ends_in_its_time",
                condition=Q(ended_at__isnull=True)
                | Q(ended_at__gte=F("opened_at"), ended_at__lte=F("until")),
            ),
            models.CheckConstraint(name="break_glass_has_a_reason", condition=~Q(reason="")),
        ]
        indexes = [
            by_clinic("break_glass_of_clinic"),
            models.Index(name="break_glass_of_person", fields=["by", "until"]),
        ]
        triggers = [
            clinic_of("patient", "patient"),
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="fixed", exclude=["ended_at"]),
            pgtrigger.Protect(
                name="ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return gettext("Opened on {opened_at}").format(
            opened_at=date_in_words(self.opened_at, "j M Y")
        )

    def is_open(self, at: datetime) -> bool:
        return self.ended_at is None and self.until > at

    @property
    def ends_at(self) -> datetime:
        return self.ended_at or self.until
