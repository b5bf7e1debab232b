"""Contact with blood of somebody else: a stick, a splash, or the worry of a used needle."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.models import (
    Clinic,
    ClinicScoped,
    Model,
    User,
    append_only,
    by_choice,
    by_clinic,
    one_of,
)
from patients.models import Patient
from sessions.models.session import TreatmentSession


class ExposureKind(models.TextChoices):
    NEEDLE_STICK = "NEEDLE_STICK", _("Stuck or cut by a used needle")
    SPLASH = "SPLASH", _("Blood in the eye, mouth or nose")
    BROKEN_SKIN = "BROKEN_SKIN", _("Blood on broken skin")
    USED_NEEDLE = "USED_NEEDLE", _("Needled with what may have been used before")


class BloodExposure(Model):
    """Who was exposed, when, to what and to whose blood. Append-only: what is done about it, by the
    clock, is in its steps."""

    version_parts = ("steps",)

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=ExposureKind)
    staff = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="If a member of staff was exposed.",
    )
    patient = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exposures",
        help_text="If a patient was exposed.",
    )
    source_patient = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exposures_to",
        help_text="Whose blood it was; empty if that is not known.",
    )
    session = models.ForeignKey(
        TreatmentSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exposures",
        help_text="During which session, if it was during one.",
    )
    what = EncryptedTextField(max_length=2_000, help_text="What happened, with which device.")
    happened_at = models.DateTimeField()
    at = models.DateTimeField(editable=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_blood_exposure"
        verbose_name = "blood exposure"
        constraints = [
            one_of("blood_exposure_kind_known", kind=ExposureKind),
            models.CheckConstraint(
                name="blood_exposure_of_one_person",
                condition=Q(staff__isnull=False, patient__isnull=True)
                | Q(staff__isnull=True, patient__isnull=False),
                violation_error_message=_("Name who was exposed: staff or patient, one of them."),
            ),
            models.CheckConstraint(
                name="blood_exposure_to_another",
                condition=Q(source_patient__isnull=True)
                | Q(patient__isnull=True)
                | ~Q(patient=F("source_patient")),
                violation_error_message=_("Nobody is exposed to their own blood."),
            ),
            models.CheckConstraint(
                name="blood_exposure_told_afterwards",
                condition=Q(at__gte=F("happened_at")),
                violation_error_message=_("That lies in the future: say when it happened."),
            ),
        ]
        indexes = [
            by_clinic("blood_exposure_of_clinic"),
            by_choice("blood_exposure_by_kind", "kind"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.staff or self.patient}"


class ExposureStepKind(models.TextChoices):
    """In the order of the clock."""

    WASH = "WASH", _("Wash with soap and water; rinse eyes, mouth or nose")
    ASSESS = "ASSESS", _("Risk assessed by a physician: wound, source, tests of both")
    PEP = "PEP", _("Medicines against HIV (PEP) decided: started, or not, and why")
    TRACE = "TRACE", _("Cartridge, lot and device traced; who else was treated with them")
    TEST_FIRST = "TEST_FIRST", _("First blood tests: HIV, hepatitis B and C")
    TEST_WEEK_6 = "TEST_WEEK_6", _("Second blood tests")
    TEST_WEEK_12 = "TEST_WEEK_12", _("Third blood tests")
    TEST_LAST = "TEST_LAST", _("Last blood tests")


class ExposureStep(Model):
    """One step that was taken, and when. Append-only."""

    exposure = models.ForeignKey(BloodExposure, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=16, choices=ExposureStepKind)
    done_at = models.DateTimeField()
    note = EncryptedCharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "treatment_exposure_step"
        constraints = [
            one_of("exposure_step_known", step=ExposureStepKind),
            models.UniqueConstraint(name="exposure_step_once", fields=["exposure", "step"]),
            models.CheckConstraint(
                name="exposure_step_told_afterwards",
                condition=Q(at__gte=F("done_at")),
                violation_error_message=_("That lies in the future: say when it was done."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.get_step_display())
