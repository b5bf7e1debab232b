"""A site: where it is on the clock, when it is open, and its rooms."""

import zoneinfo
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from clinic.models.base import (
    ClinicScoped,
    Model,
    areas_field,
    key_with_clinic,
    known_time_zone,
    one_of,
    without_extension,
)
from clinic.values.phone_numbers import check_emergency_number, country_of

if TYPE_CHECKING:
    from clinic.models.staff import User


class Proof(models.TextChoices):
    """What the law may ask for before somebody is needled at a clinic."""

    LICENCE = "LICENCE", _("Licence of the practitioner")
    TRAINING = "TRAINING", _("Training on the device")
    INSURANCE = "INSURANCE", _("Insurance of the practitioner")
    PREMISES = "PREMISES", _("Licence of the premises")
    EXAMINATION = "EXAMINATION", _("A prescriber's examination within the year")


class Jurisdiction(models.TextChoices):
    """Whose authority clears devices there."""

    US = "US", _("United States")
    EU = "EU", _("European Union")
    UK = "UK", _("United Kingdom")
    CANADA = "CA", _("Canada")
    AUSTRALIA = "AU", _("Australia")
    OTHER = "OTHER", _("Elsewhere")


# Days to think a consent over, from some age on, by docs/clinical.md §1.9; elsewhere none (default
# of this product): the states of the EU differ, and their clinics set their own.
COOLING_OFF_DAYS = {Jurisdiction.UK: {0: 1}, Jurisdiction.AUSTRALIA: {0: 7, 18: 0}}


class ClinicQuerySet(models.QuerySet["Clinic"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(pk__in=user.clinic_ids)


class Clinic(Model):
    """One site: where it is on the clock, when it is open, and how patients reach it."""

    name = models.CharField(max_length=80, unique=True)
    short_name = models.CharField(
        max_length=20, help_text="Starts every SMS. Must not say what the clinic treats."
    )
    time_zone = models.CharField(max_length=40, validators=[known_time_zone])
    phone = PhoneNumberField(validators=[without_extension], help_text="Patients call this number.")
    email = models.EmailField(help_text="Replies to our e-mails go here.")
    address = models.CharField(
        max_length=200, blank=True, help_text="In one line; stands at the foot of every e-mail."
    )
    emergency_phone = models.CharField(
        max_length=20, help_text="What a patient dials in an emergency where the clinic is."
    )
    out_of_hours_phone = PhoneNumberField(
        blank=True,
        default="",
        db_default="",
        validators=[without_extension],
        help_text="Whom patients call while the clinic is closed; empty if nobody answers then.",
    )
    slot_minutes = models.PositiveSmallIntegerField(
        default=15, help_text="Sessions start on this grid, counted from midnight."
    )
    hold_minutes = models.PositiveSmallIntegerField(
        default=10, help_text="How long the desk can hold a time while it talks to a patient."
    )
    late_cancel_hours = models.PositiveSmallIntegerField(
        default=24, help_text="A session cancelled less than this before its start counts as late."
    )
    consent_cooling_off_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Days between reading or signing the consent and the first session of a plan; 0"
        " means that who consents may be treated the same day. Empty: as the jurisdiction has it.",
    )
    jurisdiction = models.CharField(
        max_length=8,
        choices=Jurisdiction,
        default=Jurisdiction.OTHER,
        db_default=Jurisdiction.OTHER,
        help_text="Whose clearances of devices count here.",
    )
    asks_for: "ArrayField[Any, Any]" = ArrayField(
        models.CharField(max_length=16, choices=Proof),
        default=list,
        db_default=[],
        blank=True,
        help_text="What the law of the place asks for before somebody is needled. What is on record"
        " and has ended stops a treatment in any case.",
    )
    numbers_by_two = models.BooleanField(
        "two people for the numbers of protocols",
        default=False,
        db_default=False,
        help_text="A new version counts once somebody else has confirmed it. Protocols belong to"
        " all clinics: where one of them wants it, it holds.",
    )
    handles_blood = models.BooleanField(
        "handles blood products",
        default=False,
        db_default=False,
        help_text="PRP and the like. Only then patients are asked about HIV and hepatitis.",
    )
    asks_sharps_disposal = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whoever signs confirms that needles and other sharps are in their container.",
    )
    is_user_facility = models.BooleanField(
        "user facility",
        default=False,
        db_default=False,
        help_text="An outpatient treatment facility that is no physician's office: US law then sets"
        " a deadline for reports of deaths and serious injuries.",
    )
    requires_second_factor = models.BooleanField(
        "second factor for everybody",
        default=False,
        db_default=False,
        help_text="Everybody who works here logs in with a code of an app too, from the next log-in"
        " on; not only those whose role asks for it.",
    )
    asks_who_signs = models.BooleanField(
        "signing asks again who it is",
        default=False,
        db_default=False,
        help_text="Whoever signs a record, or goes on in spite of a rule, types a PIN or a password"
        " or shows a passkey each time. For tablets that several people share.",
    )
    care_team_only = models.BooleanField(
        "care team only",
        default=False,
        db_default=False,
        help_text="Practitioners see what is clinical of patients whom they treat; of others for"
        " an hour, once they have said why. Whoever is on call sees it of all.",
    )
    record_years = models.PositiveSmallIntegerField(
        "years that records are kept",
        default=10,
        db_default=10,
        help_text="From the last visit, before a medical record may be erased. Germany asks for ten"
        " (BGB 630f); ask what the law of the place asks for, of minors too.",
    )
    quiet_from = models.TimeField(
        default=time(21), help_text="No automatic message from this local time on…"
    )
    quiet_until = models.TimeField(
        default=time(8), help_text="…until this one. Two equal times mean no quiet hours."
    )

    downtime_key = models.TextField(
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Seals the downtime pack; made of its passphrase (clinic.values.passphrase).",
    )
    downtime_email = models.EmailField(
        "downtime e-mail",
        blank=True,
        default="",
        db_default="",
        help_text="Where the page that is kept for when the server is away is sent to every hour,"
        " once it has a passphrase; a mailbox that its computers can read without this server."
        " Empty: nowhere.",
    )

    objects = ClinicQuerySet.as_manager()

    class Meta:
        db_table = "clinic"
        verbose_name = "clinic"
        constraints = [
            models.CheckConstraint(
                name="clinic_slot_minutes_divide_the_hour",
                condition=Q(slot_minutes__in=[5, 10, 15, 20, 30, 60]),
                violation_error_message=_("The grid must be 5, 10, 15, 20, 30 or 60 minutes."),
            ),
            models.CheckConstraint(
                name="clinic_hold_minutes_1_to_60",
                condition=Q(hold_minutes__range=(1, 60)),
                violation_error_message=_("A time can be held for 1 to 60 minutes."),
            ),
            models.CheckConstraint(
                name="clinic_keeps_records_3_to_50_years",
                condition=Q(record_years__range=(3, 50)),
                violation_error_message=_("Records are kept for 3 to 50 years."),
            ),
            models.CheckConstraint(
                name="clinic_cooling_off_at_most_90_days",
                condition=Q(consent_cooling_off_days__range=(0, 90)),
                violation_error_message=_("The days after a consent must be 0 to 90."),
            ),
            one_of("clinic_jurisdiction_known", jurisdiction=Jurisdiction),
            models.CheckConstraint(
                name="clinic_asks_for_known_proofs",
                condition=Q(asks_for__contained_by=Proof.values),
                violation_error_message=_("One of what is asked for is not known."),
            ),
            models.CheckConstraint(
                name="clinic_emergency_phone_given",
                condition=~Q(emergency_phone=""),
                violation_error_message=_("Patients must know what to dial in an emergency."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.phone or not self.phone.is_valid() or not self.emergency_phone:
            return  # said of its own field
        try:
            check_emergency_number(self.emergency_phone, country=country_of(self.phone))
        except ValidationError as error:
            raise ValidationError({"emergency_phone": error}) from None

    def cooling_off_days(self, age: int | None) -> int:
        """Between a consent and the first session of a plan, of who is of this age: as the clinic
        has set it, else as its jurisdiction has it; whose age is not known is taken for a child."""
        if self.consent_cooling_off_days is not None:
            return self.consent_cooling_off_days
        by_age = COOLING_OFF_DAYS.get(Jurisdiction(self.jurisdiction), {0: 0})
        return by_age[max(since for since in by_age if since <= (age or 0))]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


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
            one_of("opening_hours_weekday_known", weekday=Weekday),
            models.CheckConstraint(
                name="opening_hours_open_before_they_close",
                condition=Q(closes_at__gt=F("opens_at")) | Q(closes_at=time(0)),
                violation_error_message=_("The closing time must be after the opening time."),
            ),
            models.UniqueConstraint(
                name="opening_hours_start_once", fields=["clinic", "weekday", "opens_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class Room(Model):
    """A room that holds one session at a time."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=60)
    areas = areas_field()
    is_active = models.BooleanField(default=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "clinic_room"
        constraints = [
            models.UniqueConstraint(name="room_name_once_per_clinic", fields=["clinic", "name"]),
            key_with_clinic("room_key_with_clinic"),
        ]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a part that runs by itself was last seen: `beat` and `worker`; and when a provider has
    last taken a test message: `try-EMAIL`, `try-SMS`."""

    name = models.CharField(max_length=16, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "clinic_heartbeat"

    def __str__(self) -> str:
        return f"{self.name} {self.seen_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, name: str, *, at: datetime) -> None:
        cls.objects.update_or_create(name=name, defaults={"seen_at": at})
