"""How well it worked: measures per scale, and photographs."""

from typing import Self

from django.db import models
from django.db.models import Q
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
    track_history,
)
from clinic.values.moments import date_in_words
from patients.models import Patient, Zone
from sessions.models.catalogue import OutcomeScale, RaterRole
from sessions.models.healing.check_in import CheckIn
from sessions.models.healing.score_rules import fits_its_scale
from sessions.models.plan import TreatmentPlan
from sessions.models.session import TreatmentSession


class Milestone(models.TextChoices):
    BASELINE = "BASELINE", _("Before the first session")
    SESSION = "SESSION", _("At a session")
    DAY_90 = "DAY_90", _("90 days after the last session")
    DAY_180 = "DAY_180", _("180 days after the last session")
    OTHER = "OTHER", _("Another time")


@track_history(exclude=("clinic",))
class OutcomeMeasure(Model):
    """One score on one scale, by whom. The database refuses what the scale does not know."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="outcomes")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="outcomes"
    )
    scale = models.ForeignKey(OutcomeScale, on_delete=models.PROTECT, related_name="+")
    milestone = models.CharField(max_length=12, choices=Milestone)
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rater_role = models.CharField(max_length=12, choices=RaterRole)
    rated_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who gave the score; empty if it was the patient, or somebody from elsewhere.",
    )
    rater_name = models.CharField(
        max_length=120,
        blank=True,
        db_default="",
        default="",
        help_text="Of a rater from elsewhere.",
    )
    score = models.DecimalField(max_digits=7, decimal_places=2)
    measured_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, editable=False, related_name="+"
    )
    note = EncryptedCharField(max_length=500, blank=True)

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_outcome_measure"
        constraints = [
            one_of("outcome_milestone_known", milestone=Milestone),
            one_of("outcome_rater_role_known", rater_role=RaterRole),
            models.CheckConstraint(
                name="outcome_patient_rates_alone",
                condition=~Q(rater_role=RaterRole.PATIENT)
                | Q(rated_by__isnull=True, rater_name=""),
                violation_error_message=_("The patient has rated: name nobody else."),
            ),
            models.CheckConstraint(
                name="outcome_one_rater",
                condition=Q(rated_by__isnull=True) | Q(rater_name=""),
                violation_error_message=_("Name a colleague or somebody from elsewhere, not both."),
            ),
            models.CheckConstraint(
                name="outcome_blinded_rater_named",
                condition=~Q(rater_role=RaterRole.BLINDED)
                | Q(rated_by__isnull=False)
                | ~Q(rater_name=""),
                violation_error_message=_("Name who has rated without knowing of the treatment."),
            ),
            models.CheckConstraint(
                name="outcome_session_iff_at_one",
                condition=Q(milestone=Milestone.SESSION, session__isnull=False)
                | (~Q(milestone=Milestone.SESSION) & Q(session__isnull=True)),
                violation_error_message=_("Name the session if, and only if, it was at one."),
            ),
        ]
        indexes = [
            by_clinic("outcome_of_clinic"),
            by_choice("outcome_by_milestone", "milestone"),
            by_choice("outcome_by_rater", "rater_role"),
            models.Index(name="outcome_by_plan", fields=["plan", "scale", "measured_at"]),
        ]
        triggers = [fits_its_scale(), clinic_of("plan", "treatment_plan")]

    def __str__(self) -> str:
        return f"{self.scale}: {self.score.normalize():f}"


class View(models.TextChoices):
    """Standard views: the same distance, light and angle each time. What patients send is apart:
    it is compared with nothing."""

    FRONT = "FRONT", _("Front")
    LEFT_45 = "LEFT_45", _("45° left")
    RIGHT_45 = "RIGHT_45", _("45° right")
    LEFT_90 = "LEFT_90", _("90° left")
    RIGHT_90 = "RIGHT_90", _("90° right")
    CLOSE_UP = "CLOSE_UP", _("Close-up")
    SENT = "SENT", _("Sent by the patient")


STANDARD_VIEWS = [view for view in View if view is not View.SENT]
PICTURES_A_REPORT = 3


class PhotoQuerySet(ClinicScoped["Photo"]):
    def standard(self) -> Self:
        """Taken in the clinic, to be compared."""
        return self.exclude(view=View.SENT)


class Photo(Model):
    """A photograph as it was re-encoded on arrival. The original is never kept. One that a patient
    has sent belongs to a report of the healing, with its number in it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="photos")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="photos"
    )
    view = models.CharField(max_length=12, choices=View)
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField()
    image = models.FileField(upload_to="photos/")
    thumbnail = models.FileField(upload_to="photos/")
    sha256 = models.CharField(max_length=64, help_text="Of the image as stored.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    uploaded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Or the patient."
    )
    report = models.ForeignKey(
        CheckIn, on_delete=models.PROTECT, null=True, editable=False, related_name="photos"
    )
    number = models.PositiveSmallIntegerField(null=True, editable=False)

    clinic = clinic_field()

    objects = PhotoQuerySet.as_manager()

    class Meta:
        db_table = "treatment_photo"
        constraints = [
            one_of("photo_view_known", view=View),
            models.CheckConstraint(
                name="photo_is_of_staff_or_of_a_report",
                condition=Q(
                    ~Q(view=View.SENT),
                    uploaded_by__isnull=False,
                    report__isnull=True,
                    number__isnull=True,
                )
                | Q(
                    view=View.SENT,
                    uploaded_by__isnull=True,
                    session__isnull=False,
                    report__isnull=False,
                    number__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="photo_three_a_report",
                condition=Q(number__isnull=True) | Q(number__range=(1, PICTURES_A_REPORT)),
            ),
            models.UniqueConstraint(name="photo_number_once", fields=["report", "number"]),
            models.UniqueConstraint(name="photo_sent_once", fields=["report", "sha256"]),
        ]
        indexes = [
            by_clinic("photo_of_clinic"),
            by_choice("photo_by_view", "view"),
            by_choice("photo_by_moment", "taken_at"),
            models.Index(name="photo_by_patient", fields=["patient", "-taken_at"]),
        ]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return f"{self.get_view_display()}, {date_in_words(self.taken_at, 'j M Y')}"
