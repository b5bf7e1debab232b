"""What else was done to the same skin: peels, lasers, injections, here or elsewhere."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import DateField, F, Func, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedTextField
from clinic.models import (
    ClinicScoped,
    Model,
    User,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
    track_history,
)
from clinic.values.moments import date_in_words
from patients.models.anatomy import Area
from patients.models.patient import Patient, day_or_plan


class OtherTreatmentKind(models.TextChoices):
    """clinical.md §1.3."""

    PEEL = "PEEL", _("Chemical peel")
    TCA_CROSS = "TCA_CROSS", _("TCA CROSS")
    LASER = "LASER", _("Laser that leaves the skin closed")
    ABLATIVE_LASER = "ABLATIVE_LASER", _("Ablative laser or dermabrasion")
    IPL = "IPL", _("Intense pulsed light (IPL)")
    RF = "RF", _("Radio-frequency without needles")
    RF_NEEDLING = "RF_NEEDLING", _("Radio-frequency needling")
    TOXIN = "TOXIN", _("Botulinum toxin")
    FILLER = "FILLER", _("Filler")
    SUBCISION = "SUBCISION", _("Subcision")
    TOPICAL = "TOPICAL", _("Topical programme (retinoid, acid, benzoyl peroxide)")


# The question of the screening whose washout holds for each kind: one number, in one place.
QUESTIONS = {
    OtherTreatmentKind.PEEL: "chemical-peel",
    OtherTreatmentKind.TCA_CROSS: "chemical-peel",
    OtherTreatmentKind.LASER: "laser-ipl",
    OtherTreatmentKind.ABLATIVE_LASER: "laser-ablative",
    OtherTreatmentKind.IPL: "laser-ipl",
    OtherTreatmentKind.RF: "laser-ipl",
    OtherTreatmentKind.RF_NEEDLING: "needling-elsewhere",
    OtherTreatmentKind.TOXIN: "toxin-filler",
    OtherTreatmentKind.FILLER: "toxin-filler",
    OtherTreatmentKind.SUBCISION: "needling-elsewhere",
    OtherTreatmentKind.TOPICAL: "topical-actives",
}
# Their questions do not name them, so that who says no has not contradicted the record.
NOT_ASKED = {OtherTreatmentKind.TCA_CROSS, OtherTreatmentKind.RF, OtherTreatmentKind.SUBCISION}


class OtherTreatmentStatus(models.TextChoices):
    """Only a person says what became of a plan."""

    DONE = "DONE", _("Done")
    PLANNED = "PLANNED", _("Planned")
    CALLED_OFF = "CALLED_OFF", _("Called off")


class Place(models.TextChoices):
    HERE = "HERE", _("At this clinic")
    ELSEWHERE = "ELSEWHERE", _("Elsewhere")


# The day when it was recorded, where it began first: the clinic's own may be one earlier.
LATEST_DAY = Func(
    F("recorded_at"),
    template="(%(expressions)s AT TIME ZONE 'Pacific/Kiritimati')::date",
    output_field=DateField(),
)
NOT_YET = _("That lies in the future: say when it was done, or that it is planned.")
NEAR = "other-treatment:"  # begins the source of a task
NAME_OF_PLACE = _("Name who did it, if it was elsewhere, and only then.")


@track_history(exclude=("clinic",))
class OtherTreatment(Model):
    """One treatment of an area, or of some of its zones, that was no needling of ours, or will be
    none."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="other_treatments")
    kind = models.CharField(max_length=16, choices=OtherTreatmentKind)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    zones = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="Of this area; all of it if none is named.",
    )
    status = models.CharField(
        max_length=12,
        choices=OtherTreatmentStatus,
        default=OtherTreatmentStatus.DONE,
        db_default=OtherTreatmentStatus.DONE,
    )
    treated_on = models.DateField(
        validators=[day_or_plan],
        help_text="When it was done, or is planned for; of a programme, the last known day.",
    )
    place = models.CharField(max_length=12, choices=Place)
    place_name = models.CharField(
        max_length=200, blank=True, help_text="Elsewhere: the clinic or person, or “not known”."
    )
    notes = EncryptedTextField(blank=True, max_length=5_000)
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, editable=False, related_name="+"
    )

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_other_treatment"
        constraints = [
            one_of("other_treatment_kind_known", kind=OtherTreatmentKind),
            one_of("other_treatment_place_known", place=Place),
            one_of("other_treatment_status_known", status=OtherTreatmentStatus),
            models.CheckConstraint(
                name="other_treatment_place_named",
                condition=Q(place=Place.HERE, place_name="")
                | (Q(place=Place.ELSEWHERE) & Q(place_name__regex=r"\S")),
                violation_error_message=NAME_OF_PLACE,
            ),
            models.CheckConstraint(
                name="other_treatment_not_in_future",
                condition=~Q(status=OtherTreatmentStatus.DONE) | Q(treated_on__lte=LATEST_DAY),
                violation_error_message=NOT_YET,
            ),
        ]
        indexes = [
            by_clinic("other_treatment_of_clinic"),
            by_choice("other_treatment_by_kind", "kind"),
            by_choice("other_treatment_by_status", "status"),
            by_choice("other_treatment_by_place", "place"),
            models.Index(name="other_treatment_by_patient", fields=["patient", "area"]),
        ]
        triggers = [clinic_of("patient", "patient")]

    def __str__(self) -> str:
        day = (
            f", {date_in_words(self.treated_on, 'j M Y')}"
            if isinstance(self.treated_on, date)
            else ""
        )
        return f"{self.get_kind_display()}{day}{self.unless_done}"

    @property
    def unless_done(self) -> str:
        """What stands behind its name."""
        done = self.status == OtherTreatmentStatus.DONE
        return "" if done else f", {self.get_status_display().lower()}"

    @property
    def is_planned(self) -> bool:
        return self.status == OtherTreatmentStatus.PLANNED

    @property
    def where(self) -> str:
        return self.place_name or gettext("here")

    @property
    def task_source(self) -> str:
        """Of the task that says it and needling are too near to each other."""
        return f"{NEAR}{self.pk}"

    @property
    def question_source(self) -> str:
        """Of the task that asks what became of it."""
        return f"planned-treatment:{self.pk}"

    def clean(self) -> None:
        """The same as the constraint, at the field."""
        if (self.place == Place.ELSEWHERE) != bool(self.place_name.strip()):
            raise ValidationError({"place_name": ValidationError(NAME_OF_PLACE, code="place_name")})
