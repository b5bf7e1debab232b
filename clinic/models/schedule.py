"""When practitioners work, and when nobody is treated: time off, and closures of a clinic."""

from datetime import time
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, IntegerRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models.base import ClinicScoped, Model, one_of, track_history
from clinic.models.site import Clinic, Weekday
from clinic.models.staff import User
from clinic.values.moments import date_in_words
from clinic.values.zones import on_clock


class SecondOfDay(Func):
    """A time on the clock as a number, because PostgreSQL has no ranges of times."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::int"
    output_field = models.IntegerField()


class ClockRange(Func):
    function = "INT4RANGE"
    output_field = IntegerRangeField()


class DayRange(Func):
    """[from, until): without an end it goes on for ever."""

    function = "DATERANGE"
    output_field = DateRangeField()


@track_history()
class WorkingHours(Model):
    """A stretch of a weekday in which a practitioner treats at a clinic, on its wall clock.

    Several blocks a day leave room for a break. A practitioner without any row at a clinic works
    there whenever the clinic is open, so that a small clinic has nothing to set up. So it is until
    the day on which the first row counts; from then on they work in such rows only, and no more
    when the last of them has ended.
    """

    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="working_hours")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens_at = models.TimeField("from")
    closes_at = models.TimeField("to", help_text="00:00 is midnight at the end of the day.")
    valid_from = models.DateField(
        help_text="The first day on which they count. Until the first hours of a practitioner "
        "count, the clinic's opening hours hold."
    )
    valid_until = models.DateField(
        null=True,
        blank=True,
        help_text="The first day on which they no longer count. When the last hours have ended, "
        "the practitioner can no longer be booked.",
    )

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_working_hours"
        verbose_name_plural = "working hours"
        ordering = ["weekday", "opens_at", "id"]
        constraints = [
            one_of("working_hours_weekday_known", weekday=Weekday),
            models.CheckConstraint(
                name="working_hours_start_before_they_end",
                condition=Q(closes_at__gt=F("opens_at")) | Q(closes_at=time(0)),
                violation_error_message=_("The end must be after the beginning."),
            ),
            models.CheckConstraint(
                name="working_hours_days_ordered",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                violation_error_message=_("They must count for a day at least."),
            ),
            ExclusionConstraint(
                name="working_hours_do_not_overlap",
                expressions=[
                    ("practitioner", RangeOperators.EQUAL),
                    ("clinic", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (DayRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                    (
                        ClockRange(
                            SecondOfDay("opens_at"),
                            Case(
                                When(closes_at=time(0), then=Value(24 * 60 * 60)),
                                default=SecondOfDay("closes_at"),
                            ),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("These hours overlap others of the same weekday."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"

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


class TimeOffQuerySet(ClinicScoped["TimeOff"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(practitioner__in=User.objects.visible_to(user))


@track_history()
class TimeOff(Model):
    """When a practitioner treats nobody, at no clinic: a holiday, a training, sick leave."""

    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True, help_text="All colleagues can read it.")

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        db_table = "clinic_time_off"
        verbose_name_plural = "time off"
        constraints = [
            models.CheckConstraint(
                name="time_off_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The end must be after the beginning."),
            )
        ]
        indexes = [models.Index(name="time_off_by_end", fields=["practitioner", "ends_at"])]

    def __str__(self) -> str:
        return gettext("{practitioner}, off from {day}").format(
            practitioner=self.practitioner, day=date_in_words(self.starts_at, "j M Y")
        )


@track_history()
class Closure(Model):
    """When a clinic is closed in spite of its opening hours."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_closure"
        constraints = [
            models.CheckConstraint(
                name="closure_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The end must be after the beginning."),
            )
        ]
        indexes = [models.Index(name="closure_by_end", fields=["clinic", "ends_at"])]

    def __str__(self) -> str:
        return gettext("Closed from {moment}").format(
            moment=on_clock(self.starts_at, self.clinic.zone)
        )
