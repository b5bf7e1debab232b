"""Erasing what is held about a patient: asked for by one person, confirmed by another."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import ClinicScoped, Model, User, by_clinic, clinic_field, clinic_of, one_of
from clinic.values.moments import date_in_words
from patients.models.patient import Patient


class ErasureReason(models.TextChoices):
    REQUEST = "REQUEST", _("The patient asks for it")
    PERIOD = "PERIOD", _("The time of keeping is over")
    MISTAKE = "MISTAKE", _("Registered by mistake")


class PatientErasure(Model):
    """Who asked for it and why, who confirmed it, and what stayed. It holds no value of what is
    erased, and stays itself: decision 0064."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="erasures")
    reason = models.CharField(max_length=8, choices=ErasureReason)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    keeps_record = models.BooleanField(
        null=True, help_text="Whether the medical record had to stay; known once it is confirmed."
    )

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_erasure"
        constraints = [
            one_of("erasure_reason_known", reason=ErasureReason),
            models.CheckConstraint(
                name="erasure_by_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                violation_error_message=_("Somebody else must confirm it."),
            ),
            models.CheckConstraint(
                name="erasure_confirmed_by_somebody",
                condition=Q(
                    confirmed_at__isnull=True,
                    confirmed_by__isnull=True,
                    keeps_record__isnull=True,
                )
                | Q(
                    confirmed_at__isnull=False,
                    confirmed_by__isnull=False,
                    keeps_record__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="erasure_confirmed_or_withdrawn",
                condition=Q(confirmed_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="erasure_one_at_a_time",
                fields=["patient"],
                condition=Q(confirmed_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]
        indexes = [by_clinic("erasure_of_clinic")]
        triggers = [clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("Erasure of {asked_at}").format(
            asked_at=date_in_words(self.asked_at, "j M Y")
        )
