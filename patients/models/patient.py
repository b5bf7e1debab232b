"""The people who are treated."""

from datetime import date, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from clinic.db.encryption import EncryptedCharField, EncryptedJSONField, EncryptedTextField
from clinic.models import (
    Clinic,
    ClinicScoped,
    Model,
    User,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    key_with_clinic,
    known_time_zone,
    one_of,
    track_history,
    without_extension,
)
from clinic.values.email_addresses import AddressField
from clinic.values.moments import date_in_words
from clinic.values.phone_numbers import country_of, read_number
from patients.models.names import NationalDigits, SearchText
from patients.models.patient_query import PatientQuerySet
from patients.models.triggers import birth_date_stays


class SkinType(models.IntegerChoices):
    """Fitzpatrick skin type (LOINC 66555-4)."""

    I = 1, "I"  # noqa: E741
    II = 2, "II"
    III = 3, "III"
    IV = 4, "IV"
    V = 5, "V"
    VI = 6, "VI"


# What of a record is clinical.
MEDICAL = frozenset(
    {
        *("skin_type", "keloid_history", "cold_sore_history", "allergies", "notes"),
        *("weight_kg", "weighed_on"),
    }
)
EARLIEST_BIRTH = date(1900, 1, 1)
LATEST_PLAN = date(2099, 12, 31)
FIRST_TO_SEE_A_DAY = timezone.get_fixed_timezone(14 * 60)  # Kiribati
NO_NAME = _("Give at least one name.")
NOT_REACHED = _("Give a mobile number or an e-mail address; without one, the birth date.")


def _one_blank(*names: str) -> list[str]:
    """Names with one blank where several were typed."""
    return [" ".join(name.split()) for name in names]


def birth_date(day: date, zone: tzinfo = FIRST_TO_SEE_A_DAY) -> None:
    """Refuse a day that nobody living was born on: today is one only where it has begun."""
    if not EARLIEST_BIRTH <= day <= timezone.localdate(timezone=zone):
        raise ValidationError(
            gettext("A birth date lies between 1900 and today."), code="birth_date"
        )


def past_day(day: date) -> None:
    """Refuse a day on which nothing can have been seen yet, or that nobody living has seen."""
    if not EARLIEST_BIRTH <= day <= timezone.localdate(timezone=FIRST_TO_SEE_A_DAY):
        raise ValidationError(gettext("Give a day between 1900 and today."), code="past_day")


def day_or_plan(day: date) -> None:
    """Refuse a day that nobody living has seen, or will."""
    if not EARLIEST_BIRTH <= day <= LATEST_PLAN:
        raise ValidationError(gettext("Give a day between 1900 and 2099."), code="day_or_plan")


class Sex(models.TextChoices):
    FEMALE = "FEMALE", _("Female")
    MALE = "MALE", _("Male")
    OTHER = "OTHER", _("Other")


@track_history(exclude=("search_text",))
class Patient(Model):
    """One person at one clinic. Archived, never deleted."""

    is_patient = True

    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, related_name="patients", db_index=False
    )
    # One of the two is enough: there are people with one name.
    given_name = models.CharField(max_length=80, blank=True)
    family_name = models.CharField(max_length=80, blank=True)
    # A caller's may follow: nothing is invented meanwhile, and nobody is needled without it.
    date_of_birth = models.DateField(null=True, blank=True, validators=[birth_date])
    email = AddressField(blank=True)
    mobile = PhoneNumberField(
        blank=True,
        validators=[without_extension],
        help_text="Without a country's code: a number of the clinic's country.",
    )
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        max_length=40,
        blank=True,
        validators=[known_time_zone],
        help_text="Only if it differs from the clinic's.",
    )
    sex = models.CharField(max_length=8, choices=Sex, blank=True)
    skin_type = models.PositiveSmallIntegerField(
        choices=SkinType,
        null=True,
        editable=False,
        help_text="Fitzpatrick, as last assessed by a clinician.",
    )
    allergies = EncryptedTextField(blank=True, max_length=5_000)
    keloid_history = models.BooleanField("keloids or hypertrophic scars", null=True, blank=True)
    cold_sore_history = models.BooleanField("cold sores (HSV)", null=True, blank=True)
    # In kg, with its day: how old it may be is a clinical rule.
    weight_kg = models.DecimalField(
        "weight (kg)", max_digits=4, decimal_places=1, null=True, blank=True
    )
    weighed_on = models.DateField(null=True, blank=True, validators=[past_day])
    notes = EncryptedTextField(blank=True, max_length=10_000)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged_from"
    )
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    search_text = models.GeneratedField(
        expression=SearchText("given_name", "family_name", "email", "mobile", "date_of_birth"),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        db_table = "patient"
        constraints = [
            models.CheckConstraint(
                name="patient_skin_type_known",
                condition=Q(skin_type__isnull=True) | Q(skin_type__in=SkinType.values),
            ),
            models.CheckConstraint(
                name="patient_born_after_1900",
                condition=Q(date_of_birth__gte=EARLIEST_BIRTH),
                violation_error_message=_("The year of birth must be 1900 or later."),
            ),
            models.CheckConstraint(
                name="patient_weight_has_its_day",
                condition=Q(weight_kg__isnull=True, weighed_on__isnull=True)
                | Q(weight_kg__isnull=False, weighed_on__isnull=False),
                violation_error_message=_("Give the weight and the day of weighing, or neither."),
            ),
            models.CheckConstraint(
                name="patient_weight_1_to_400_kg",
                condition=Q(weight_kg__isnull=True) | Q(weight_kg__range=(1, 400)),
                violation_error_message=_("The weight must be 1 to 400 kg."),
            ),
            models.CheckConstraint(
                name="patient_has_a_name",
                condition=Q(given_name__regex=r"\S") | Q(family_name__regex=r"\S"),
                violation_error_message=NO_NAME,
            ),
            models.CheckConstraint(
                name="patient_can_be_reached_or_has_birth_date",
                condition=~Q(mobile="") | ~Q(email="") | Q(date_of_birth__isnull=False),
                violation_error_message=NOT_REACHED,
            ),
            models.CheckConstraint(
                name="patient_language_known",
                condition=Q(language__in=[code for code, _ in settings.LANGUAGES]),
            ),
            models.CheckConstraint(
                name="patient_sex_known", condition=Q(sex="") | Q(sex__in=Sex.values)
            ),
            models.CheckConstraint(
                name="patient_merged_is_archived",
                condition=Q(merged_into__isnull=True) | Q(archived_at__isnull=False),
            ),
            key_with_clinic("patient_key_with_clinic"),
        ]
        indexes = [
            models.Index(name="patient_of_clinic", fields=["clinic", "id"]),
            models.Index(name="patient_by_name", fields=["clinic", "family_name", "given_name"]),
            *(  # read by filters of the admin's list
                models.Index(
                    name=f"patient_by_{field}",
                    fields=["clinic", field, "family_name", "given_name"],
                )
                for field in ("language", "skin_type")
            ),
            models.Index(
                name="patient_archived",
                fields=["clinic", "family_name", "given_name"],
                condition=Q(archived_at__isnull=False),
            ),
            models.Index(name="patient_by_birth", fields=["clinic", "date_of_birth"]),
            models.Index(name="patient_by_mobile", fields=["mobile"], condition=~Q(mobile="")),
            models.Index(Lower("email"), name="patient_by_email", condition=~Q(email="")),
            models.Index(
                F("clinic"),
                OpClass(Lower("email"), "text_pattern_ops"),
                name="patient_by_email_at_clinic",
                condition=~Q(email=""),
            ),
            models.Index(
                F("clinic"),
                OpClass(NationalDigits("mobile"), "text_pattern_ops"),
                name="patient_by_national_digits",
                condition=~Q(mobile=""),
            ),
            models.Index(
                F("clinic"),
                OpClass(Reverse("mobile"), "text_pattern_ops"),
                name="patient_by_last_digits",
                condition=~Q(mobile=""),
            ),
        ]
        triggers = [birth_date_stays()]

    def __str__(self) -> str:
        """Told from a namesake, wherever staff list or choose patients: no patient reads it."""
        known = [self.listed_name]
        if isinstance(self.date_of_birth, date):
            known.append(f"{self.date_of_birth.day} {date_in_words(self.date_of_birth, 'M Y')}")
        if self.mobile:
            known.append(f"…{str(self.mobile)[-3:]}")
        if len(known) == 1 and self.email:
            known.append(self.email)
        return " · ".join(known)

    def clean_fields(self, exclude: Any = None) -> None:
        """A number without a country's code is of the clinic's country."""
        refused: dict[str, Any] = {}
        if self.clinic_id and "mobile" not in (exclude or ()):
            try:
                self.mobile = read_number(self.mobile, country=country_of(self.clinic.phone))
            except ValidationError as error:
                refused["mobile"] = error
        try:
            super().clean_fields({*(exclude or ()), *refused})
        except ValidationError as error:
            refused |= error.error_dict
        if refused:
            raise ValidationError(refused)

    def clean(self) -> None:
        """Everybody has a name and can be reached or told apart by a birth date, and nobody was
        born tomorrow, by the clock of their clinic."""
        self.given_name, self.family_name = _one_blank(self.given_name, self.family_name)
        if not self.full_name:
            raise ValidationError({"given_name": NO_NAME, "family_name": NO_NAME})
        if not (self.mobile or self.email or self.date_of_birth):
            missing = ValidationError(NOT_REACHED, code="no_address")
            raise ValidationError({"mobile": missing, "email": missing})
        if self.clinic_id and self.date_of_birth:
            try:
                birth_date(self.date_of_birth, self.clinic.zone)
            except ValidationError as error:
                raise ValidationError({"date_of_birth": error}) from error

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.version += 1  # the ETag: an edit in the admin counts like one by the API
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def listed_name(self) -> str:
        """As lists are ordered: “Gross, Jürgen”, or the only name."""
        return ", ".join(filter(None, [self.family_name, self.given_name]))

    @property
    def called(self) -> str:
        """How a message speaks to them: the given name, or the only one."""
        return self.given_name or self.family_name

    @property
    def zone(self) -> ZoneInfo:
        """The patient's own time zone, or else the clinic's (which must be loaded)."""
        return ZoneInfo(self.time_zone) if self.time_zone else self.clinic.zone


class SkinTypeAssessment(Model):
    """What a clinician took the skin type for, and when. Append-only: the newest one counts."""

    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="skin_type_assessments"
    )
    skin_type = models.PositiveSmallIntegerField(choices=SkinType)
    assessed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assessed_on = models.DateField(validators=[past_day])

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_skin_type_assessment"
        constraints = [one_of("skin_type_assessment_type_known", skin_type=SkinType)]
        indexes = [by_clinic("skin_type_of_clinic"), by_choice("skin_type_by_type", "skin_type")]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("Skin type {skin_type}, {assessed_on}").format(
            skin_type=self.get_skin_type_display(),
            assessed_on=date_in_words(self.assessed_on, "j M Y"),
        )


class PatientMerge(Model):
    """Two records of one person became one: who did it, why, what was moved, and what became of
    the fields of the record itself. Append-only."""

    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedCharField(max_length=500)
    moved = models.JSONField(help_text="How many rows of each table were moved.")
    values = EncryptedJSONField(
        default=dict,
        db_default="",
        help_text="Each field that changed or was chosen: both values, and the result.",
    )

    class Meta:
        db_table = "patient_merge"
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{merged} into {kept}").format(merged=self.merged, kept=self.kept)
