"""All that is held about one patient, as one file for that patient: decision 0063."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from clinic.models import ClinicScoped, Model, User, by_clinic, clinic_field, clinic_of
from clinic.values.moments import date_in_words
from patients.models.patient import Patient


class PatientExport(Model):
    """An export, from the press until its file is gone. `parts` names what it is made of, one
    after the other, and `done` says how many of them are there: a worker goes on with the next."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="exports")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty: the patient, by a link.",
    )
    parts = models.JSONField(default=list)
    done = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of the part that comes next.")
    ready_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(null=True, help_text="In bytes.")
    expires_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True, help_text="By the patient, last.")
    removed_at = models.DateTimeField(null=True, help_text="When its file was taken away.")

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_export"
        constraints = [
            models.UniqueConstraint(
                name="export_one_at_a_time",
                fields=["patient"],
                condition=Q(ready_at__isnull=True, failed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="export_ready_or_failed",
                condition=Q(ready_at__isnull=True) | Q(failed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="export_expires_iff_ready",
                condition=Q(ready_at__isnull=True, expires_at__isnull=True, size__isnull=True)
                | Q(ready_at__isnull=False, expires_at__isnull=False, size__isnull=False),
            ),
            models.CheckConstraint(
                name="export_removed_once_ended",
                condition=Q(removed_at__isnull=True)
                | Q(ready_at__isnull=False)
                | Q(failed_at__isnull=False),
            ),
        ]
        indexes = [
            by_clinic("export_of_clinic"),
            models.Index(
                name="export_not_removed", fields=["id"], condition=Q(removed_at__isnull=True)
            ),
        ]
        triggers = [clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("Export of {asked_at}").format(
            asked_at=date_in_words(self.asked_at, "j M Y")
        )

    @property
    def is_going_on(self) -> bool:
        return self.ready_at is None and self.failed_at is None

    def is_there(self, at: datetime) -> bool:
        """Whether its file can be had."""
        has_file = self.removed_at is None and self.expires_at is not None
        return has_file and self.expires_at > at  # type: ignore[operator]

    @property
    def folder(self) -> str:
        """Of the storage: an id, so that nothing of the patient gets into the file system."""
        return f"exports/{self.pk}"

    @property
    def file(self) -> str:
        return f"{self.folder}/export.zip"
