"""Patients from another system's file: what was uploaded, and how far it has been taken in."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedJSONField
from clinic.models import Clinic, ClinicScoped, Model, User, one_of


class RowState(models.TextChoices):
    NEW = "NEW", _("Not checked yet")
    READY = "READY", _("Ready")
    WRONG = "WRONG", _("Has a problem")
    KNOWN = "KNOWN", _("May be known already")
    DONE = "DONE", _("Registered")


class PatientImport(Model):
    """One file of one clinic. First each row is checked, then whoever uploaded it starts it. A file
    is known by its `digest`: uploaded once more it is this import, and nobody is registered twice.
    """

    tells_of_patients = True

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = EncryptedCharField(max_length=120)
    digest = models.CharField(max_length=64)
    left_out = EncryptedCharField(
        max_length=500, blank=True, help_text="The columns that are not known here."
    )
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_import"
        constraints = [
            models.UniqueConstraint(name="import_once_per_file", fields=["clinic", "digest"]),
            models.CheckConstraint(
                name="import_started_by_somebody",
                condition=Q(started_at__isnull=True, started_by__isnull=True)
                | Q(started_at__isnull=False, started_by__isnull=False),
            ),
            models.CheckConstraint(
                name="import_ends_once_started",
                condition=Q(ended_at__isnull=True) | Q(started_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="import_going_on", fields=["id"], condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return str(self.name)


class ImportedRow(Model):
    """One row of such a file. `values` are as in the file, until the import has ended: then they
    stand in the record or nowhere. `notes` say what is wrong, or which records it may be."""

    tells_of_patients = True

    batch = models.ForeignKey(
        PatientImport, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    number = models.PositiveIntegerField(help_text="In the file, the heading being row 1.")
    state = models.CharField(max_length=8, choices=RowState, default=RowState.NEW)
    values = EncryptedJSONField(default=dict)
    notes = EncryptedJSONField(default=list)
    twin = models.PositiveIntegerField(
        null=True, help_text="An earlier row that is the same person, as it seems."
    )
    is_accepted = models.BooleanField(
        default=False, help_text="Somebody has said that it is another person."
    )

    class Meta:
        db_table = "patient_imported_row"
        constraints = [
            models.UniqueConstraint(name="import_row_once", fields=["batch", "number"]),
            one_of("import_row_state_known", state=RowState),
        ]
        indexes = [
            models.Index(name="import_row_by_state", fields=["batch", "state", "number"]),
        ]

    def __str__(self) -> str:
        return gettext("row {number}").format(number=self.number)
