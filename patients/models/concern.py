"""What patients come for."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models import ClinicScoped, Evidence, Model, Sourced, one_of, track_history
from clinic.values.names import shipped
from patients.models.anatomy import Area, Zone
from patients.models.patient import Patient, past_day


class Concern(Model):
    """What a patient wants treated, such as acne scars. A catalogue."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    areas = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="Where it occurs; everywhere if none is named.",
    )
    responds_poorly = models.BooleanField(
        default=False,
        db_default=False,
        help_text="To needling alone: which adjunct or alternative was discussed is asked for.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "patient_concern_kind"
        ordering = ["name"]

    def __str__(self) -> str:
        return shipped(self.name)

    def why_not_on(self, area: Area) -> str:
        """Why it cannot be on an area; empty if it can."""
        if not self.areas or area.code in self.areas:
            return ""
        known = Area.objects.filter(code__in=self.areas).values_list("name", flat=True)
        return gettext("{name} occurs on: {known}; not on: {area}.").format(
            name=self, known=", ".join(known), area=area
        )


class ConcernSubtype(Sourced, Model):
    """A form of a concern that answers differently to treatment, such as ice-pick scars."""

    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="subtypes")
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    advice = models.CharField(
        max_length=200, blank=True, help_text="What to expect and to discuss."
    )
    responds_poorly = models.BooleanField(
        default=False,
        db_default=False,
        help_text="To needling alone: which adjunct or alternative was discussed is asked for.",
    )
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "patient_concern_subtype"
        ordering = ["concern", "name"]
        constraints = [
            # The key of what a patient's concern names: see migration 0004_concerns_that_fit.
            models.UniqueConstraint(name="subtype_key_with_concern", fields=["id", "concern"]),
            one_of("concern_subtype_evidence_known", evidence=Evidence),
        ]

    def __str__(self) -> str:
        return shipped(self.name)


class PatientConcernQuerySet(ClinicScoped["PatientConcern"]):
    clinic_path = "patient__clinic"


@track_history()
class PatientConcern(Model):
    """A concern of one patient: which form, where, and how bad before any treatment."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="concerns")
    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="+")
    subtype = models.ForeignKey(
        ConcernSubtype, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    baseline_grade = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 barely visible … 4 severe, before treatment."
    )
    onset_on = models.DateField(null=True, blank=True, validators=[past_day])
    note = EncryptedCharField(max_length=500, blank=True)

    objects = PatientConcernQuerySet.as_manager()

    class Meta:
        db_table = "patient_concern"
        constraints = [
            models.CheckConstraint(
                name="patient_concern_grade_1_to_4",
                condition=Q(baseline_grade__isnull=True) | Q(baseline_grade__range=(1, 4)),
                violation_error_message=_("The grade must be 1 to 4."),
            ),
        ]

    def clean(self) -> None:
        if misfits := self.misfits():
            raise ValidationError(misfits)

    def misfits(self) -> dict[str, str]:
        """Why what was chosen does not fit the concern, by field."""
        found = {}
        if self.concern_id and self.subtype and self.subtype.concern_id != self.concern_id:
            found["subtype"] = gettext("{subtype} is a form of {concern}.").format(
                subtype=self.subtype, concern=self.subtype.concern
            )
        if self.concern_id and self.zone and (why := self.concern.why_not_on(self.zone.area)):
            found["zone"] = why
        return found

    def __str__(self) -> str:
        parts = [str(self.subtype or self.concern), str(self.zone or "")]
        return ", ".join(part for part in parts if part)
