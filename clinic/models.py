"""The clinic itself: its sites, staff, rooms and devices."""

import zoneinfo
from datetime import datetime, time
from typing import Self, TypeVar

from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from phonenumber_field.modelfields import PhoneNumberField


class UUIDv7(Func):
    """PostgreSQL's uuidv7(): unique, and in the order of creation, so lists page by it."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class Model(models.Model):
    """A table whose rows are named by a UUIDv7 that the database gives."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


M = TypeVar("M", bound=models.Model, covariant=True)


class ClinicScoped(models.QuerySet[M]):
    """Rows that belong to a clinic. What a user may see is always narrowed by `visible_to`."""

    clinic_path = "clinic"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Only the rows of the clinics where `user` works: another clinic's rows do not exist."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(**{f"{self.clinic_path}__in": user.clinics.all()})


def known_time_zone(name: str) -> None:
    """Refuse what is no IANA time zone, such as `CET+1`."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            f"{name!r} is no IANA time zone; right would be for example 'Europe/Berlin'.",
            code="time_zone",
        )


class ClinicQuerySet(models.QuerySet["Clinic"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(staff=user.pk) if isinstance(user, User) else self.none()


class Clinic(Model):
    """One site: where it is on the clock, when it is open, and how patients reach it."""

    name = models.CharField(max_length=80, unique=True)
    short_name = models.CharField(
        max_length=20, help_text="Starts every SMS. Must not say what the clinic treats."
    )
    time_zone = models.CharField(max_length=40, validators=[known_time_zone])
    phone = PhoneNumberField(help_text="Patients call this number.")
    email = models.EmailField(help_text="Replies to our e-mails go here.")
    emergency_phone = models.CharField(
        max_length=20, default="112", help_text="What a patient dials in an emergency."
    )
    slot_minutes = models.PositiveSmallIntegerField(
        default=15, help_text="Sessions start on this grid, counted from midnight."
    )
    quiet_from = models.TimeField(
        default=time(21), help_text="No automatic message from this local time on…"
    )
    quiet_until = models.TimeField(
        default=time(8), help_text="…until this one. Two equal times mean no quiet hours."
    )

    objects = ClinicQuerySet.as_manager()

    class Meta:
        db_table = "clinic"
        verbose_name = "clinic"
        constraints = [
            models.CheckConstraint(
                name="clinic_slot_minutes_divide_the_hour",
                condition=Q(slot_minutes__in=[5, 10, 15, 20, 30, 60]),
                violation_error_message="The grid must be 5, 10, 15, 20, 30 or 60 minutes.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Weekday(models.IntegerChoices):
    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


def keyed_with_clinic(name: str) -> models.UniqueConstraint:
    """What other tables refer to when a row must be of the same clinic as theirs."""
    return models.UniqueConstraint(name=name, fields=["id", "clinic"])


class OpeningHours(Model):
    """A stretch of a weekday in which a clinic treats, on its own wall clock."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens_at = models.TimeField()
    closes_at = models.TimeField(help_text="00:00 is midnight at the end of the day.")

    class Meta:
        db_table = "clinic_opening_hours"
        verbose_name_plural = "opening hours"
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(
                name="opening_hours_weekday_known", condition=Q(weekday__in=Weekday.values)
            ),
            models.CheckConstraint(
                name="opening_hours_open_before_they_close",
                condition=Q(closes_at__gt=F("opens_at")) | Q(closes_at=time(0)),
                violation_error_message="The closing time must be after the opening time.",
            ),
            models.UniqueConstraint(
                name="opening_hours_start_once", fields=["clinic", "weekday", "opens_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class Role(models.TextChoices):
    RECEPTIONIST = "RECEPTIONIST", "Receptionist"
    PRACTITIONER = "PRACTITIONER", "Practitioner"
    MANAGER = "MANAGER", "Manager"
    ADMIN = "ADMIN", "Technical admin"
    AUDITOR = "AUDITOR", "Auditor"


class StaffQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those who work at a clinic where `user` works."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(clinics__in=user.clinics.all()).distinct()

    def practitioners(self) -> Self:
        return self.filter(role=Role.PRACTITIONER, is_active=True)


class StaffManager(UserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    use_in_migrations = False


class User(AbstractUser):
    """A member of staff. What they may do follows from the role alone (`clinic.permissions`)."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    role = models.CharField(max_length=16, choices=Role)
    clinics = models.ManyToManyField(Clinic, related_name="staff", db_table="clinic_user_clinic")

    objects = StaffManager()  # type: ignore[misc]

    class Meta:
        db_table = "clinic_user"
        constraints = [
            models.CheckConstraint(name="user_role_known", condition=Q(role__in=Role.values))
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Room(Model):
    """A room that holds one session at a time."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_room"
        constraints = [
            models.UniqueConstraint(name="room_name_once_per_clinic", fields=["clinic", "name"]),
            keyed_with_clinic("room_key_with_clinic"),
        ]

    def __str__(self) -> str:
        return self.name


class Device(Model):
    """One microneedling device, the unit with its serial number."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=60, help_text="Maker and model.")
    serial = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_device"
        constraints = [
            models.UniqueConstraint(name="device_serial_once", fields=["name", "serial"]),
            keyed_with_clinic("device_key_with_clinic"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.serial}"


class Heartbeat(models.Model):
    """When a part that runs by itself was last seen: `beat` and `worker`."""

    name = models.CharField(max_length=16, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "clinic_heartbeat"

    def __str__(self) -> str:
        return f"{self.name} {self.seen_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, name: str, *, at: datetime) -> None:
        cls.objects.update_or_create(name=name, defaults={"seen_at": at})
