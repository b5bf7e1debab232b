"""Who is told at once of what cannot wait."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models.base import ClinicScoped, Model, track_history
from clinic.models.site import Clinic
from clinic.models.staff import User
from clinic.values.zones import on_clock


class TimeRange(Func):
    """[from, until): one shift may begin when another ends."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class OnCallQuerySet(ClinicScoped["OnCallShift"]):
    def at(self, at: datetime) -> Self:
        return self.filter(starts_at__lte=at, ends_at__gt=at)


@track_history()
class OnCallShift(Model):
    """A stretch of time in which one clinician answers for what is urgent at a clinic.

    The plan may have gaps: then the managers are told.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="on_call_shifts")
    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="on_call_shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = OnCallQuerySet.as_manager()

    class Meta:
        db_table = "clinic_on_call_shift"
        verbose_name = "on-call shift"
        constraints = [
            models.CheckConstraint(
                name="on_call_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The end must be after the beginning."),
            ),
            ExclusionConstraint(
                name="on_call_one_at_a_time",
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    (TimeRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Somebody else is on call in a part of this time."),
            ),
        ]
        indexes = [models.Index(name="on_call_by_person", fields=["practitioner", "ends_at"])]

    def __str__(self) -> str:
        return gettext("{practitioner}, on call from {moment}").format(
            practitioner=self.practitioner, moment=on_clock(self.starts_at, self.clinic.zone)
        )

    def clean(self) -> None:
        known = self.practitioner_id and self.clinic_id
        if known and self.clinic_id not in self.practitioner.clinic_ids:
            raise ValidationError(
                {
                    "practitioner": gettext("{practitioner} does not work at {clinic}.").format(
                        practitioner=self.practitioner, clinic=self.clinic
                    )
                }
            )
