"""What happened otherwise than it should, told as it was."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models import (
    ClinicScoped,
    Model,
    User,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
)
from patients.models import Zone
from sessions.models.session import TreatmentSession


class DeviationKind(models.TextChoices):
    ZONE = "ZONE", _("A zone that must not be needled")
    DEPTH = "DEPTH", _("Deeper, or more passes, than a limit allows")
    DEVICE = "DEVICE", _("Beyond what the device can do")
    CONSENT = "CONSENT", _("More than the consent covers")
    SCREENING = "SCREENING", _("In spite of what the screening says")
    SPACING = "SPACING", _("Too soon after another session")
    PRODUCT = "PRODUCT", _("A product beyond its limits")
    TRACEABILITY = "TRACEABILITY", _("A cartridge or product that cannot be traced")
    OTHER = "OTHER", _("Something else")


# By how the code of a finding begins: the first that fits.
KIND_OF = {
    "zone_": DeviationKind.ZONE,
    "depth_above_device": DeviationKind.DEVICE,
    "depth_": DeviationKind.DEPTH,
    "passes_": DeviationKind.DEPTH,
    "consent_": DeviationKind.CONSENT,
    "screening_": DeviationKind.SCREENING,
    "rescreen_": DeviationKind.SCREENING,
    "minor_": DeviationKind.CONSENT,
    "interval_": DeviationKind.SPACING,
    "anaesthetic_": DeviationKind.PRODUCT,
    "blood_": DeviationKind.PRODUCT,
    "serum_": DeviationKind.PRODUCT,
    "cartridge_": DeviationKind.TRACEABILITY,
}


def kind_of_finding(code: str) -> DeviationKind:
    """The kind of a deviation that answers a finding."""
    return next(
        (kind for begins, kind in KIND_OF.items() if code.startswith(begins)), DeviationKind.OTHER
    )


class Deviation(Model):
    """One thing that happened in a session otherwise than it should. Append-only.

    With `code` it answers a finding that nobody there may override, for the `numbers` that it was
    told of: the chart tells the truth, and can be signed.
    """

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="deviations"
    )
    kind = models.CharField(max_length=16, choices=DeviationKind)
    zone = models.ForeignKey(
        Zone,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="If it is about one; it may lie outside of the treated area.",
    )
    code = models.CharField(max_length=60, blank=True, editable=False)
    subject = models.CharField(max_length=60, blank=True, editable=False)
    numbers = models.JSONField(default=dict, editable=False)
    reason = EncryptedCharField(max_length=500, help_text="How it came about.")
    action_taken = EncryptedCharField(max_length=500, help_text="What was done about it.")
    at = models.DateTimeField(editable=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_deviation"
        constraints = [
            one_of("deviation_kind_known", kind=DeviationKind),
            models.CheckConstraint(
                name="deviation_told_whole",
                condition=~Q(reason="") & ~Q(action_taken=""),
                violation_error_message=_("Say how it came about, and what was done about it."),
            ),
            models.CheckConstraint(
                name="deviation_subject_of_a_finding", condition=~Q(code="") | Q(subject="")
            ),
        ]
        indexes = [by_clinic("deviation_of_clinic"), by_choice("deviation_by_kind", "kind")]
        triggers = [*append_only(), clinic_of("session", "treatment_session")]

    def __str__(self) -> str:
        return gettext("Deviation: {kind}").format(kind=self.get_kind_display())
