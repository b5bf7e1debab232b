"""How the skin heals: side effects, expected and unexpected."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.models import (
    ClinicScoped,
    Evidence,
    Model,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
    track_history,
    version_once,
)
from patients.models import Zone
from sessions.models.healing.check_in import CheckIn
from sessions.models.session import TreatmentSession
from sessions.models.triggers import reported_of_its_session


class SideEffectKind(models.TextChoices):
    """clinical.md §1.5."""

    ERYTHEMA = "ERYTHEMA", _("Redness (erythema)")
    OEDEMA = "OEDEMA", _("Swelling (oedema)")
    PAIN = "PAIN", _("Pain, tenderness, heat")
    BLEEDING = "BLEEDING", _("Bleeding")
    BRUISING = "BRUISING", _("Bruising")
    DRYNESS = "DRYNESS", _("Dryness, flaking, peeling")
    ITCH = "ITCH", _("Itch")
    ACNEIFORM = "ACNEIFORM", _("Spots, milia")
    LYMPHADENOPATHY = "LYMPHADENOPATHY", _("Swollen lymph nodes")
    CONTACT_DERMATITIS = "CONTACT_DERMATITIS", _("Contact dermatitis")
    HSV_REACTIVATION = "HSV_REACTIVATION", _("Cold sores (HSV)")
    INFECTION = "INFECTION", _("Infection")
    GRANULOMA = "GRANULOMA", _("Granulomatous reaction")
    HYPERPIGMENTATION = "HYPERPIGMENTATION", _("Hyperpigmentation (PIH)")
    HYPOPIGMENTATION = "HYPOPIGMENTATION", _("Hypopigmentation")
    SCARRING = "SCARRING", _("Scarring, track marks")
    ANAESTHETIC_REACTION = "ANAESTHETIC_REACTION", _("Reaction to the anaesthetic")
    PERSISTENT_ERYTHEMA = "PERSISTENT_ERYTHEMA", _("Redness that stays")
    BLISTER = "BLISTER", _("Blisters")
    HAEMATOMA = "HAEMATOMA", _("Haematoma")
    URTICARIA = "URTICARIA", _("Hives (urticaria)")
    ANAPHYLAXIS = "ANAPHYLAXIS", _("Anaphylaxis")
    SYNCOPE = "SYNCOPE", _("Fainting (syncope)")
    EYE_INJURY = "EYE_INJURY", _("Injury of the eye")
    BLOOD_EXPOSURE = "BLOOD_EXPOSURE", _("Contact with another's blood")
    SHEDDING = "SHEDDING", _("Hair shedding")
    OTHER = "OTHER", _("Other")


class SideEffectExpectation(Versioned):
    """The usual course of a kind of side effect: when it begins, when it ends, when to act.

    Hours after the treatment. A catalogue.
    """

    version_key = ("kind",)

    kind = models.CharField(max_length=24, choices=SideEffectKind)
    onset_from_hours = models.PositiveSmallIntegerField()
    onset_to_hours = models.PositiveSmallIntegerField()
    expected_until_hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="It is usually gone by then; empty if it is never normal."
    )
    review_after_hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="A clinician should look when it lasts longer."
    )
    is_red_flag = models.BooleanField(default=False, help_text="Seen the same day, always.")
    act_when = models.CharField(max_length=300)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_side_effect_expectation"
        constraints = [
            version_once("side_effect_expectation_version_once", "kind"),
            one_of("side_effect_expectation_evidence_known", evidence=Evidence),
            one_of("side_effect_expectation_kind_known", kind=SideEffectKind),
            models.CheckConstraint(
                name="side_effect_expectation_hours_ordered",
                condition=Q(onset_to_hours__gte=F("onset_from_hours")),
                violation_error_message=_("The last hour of its onset cannot be before the first."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{kind}, version {version}").format(
            kind=self.get_kind_display(), version=self.version
        )


SEVERE = 3  # CTCAE: from here on it is grave, wherever on the body it is


class SideEffectQuerySet(ClinicScoped["SideEffect"]):
    def unresolved(self) -> "SideEffectQuerySet":
        return self.filter(resolved_at__isnull=True)

    def grave(self) -> "SideEffectQuerySet":
        """What lasts and is severe, whoever has noted it."""
        return self.unresolved().filter(grade__gte=SEVERE)


@track_history(exclude=("clinic",))
class SideEffect(Model):
    """What a patient's skin, or patient, showed after a session."""

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="side_effects"
    )
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True)
    kind = models.CharField(max_length=24, choices=SideEffectKind)
    grade = models.PositiveSmallIntegerField(
        "severity grade",
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text="CTCAE v5: 1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 death.",
    )
    is_expected = models.BooleanField(help_text="A normal course after this treatment?")
    onset_at = models.DateTimeField()
    check_in = models.ForeignKey(
        CheckIn,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="side_effects",
        verbose_name="check-in",
        help_text="The report that it was recorded from.",
    )
    note = EncryptedTextField(blank=True, max_length=5_000)
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, editable=False, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = EncryptedCharField(max_length=500, blank=True)

    clinic = clinic_field()

    objects = SideEffectQuerySet.as_manager()

    class Meta:
        db_table = "treatment_side_effect"
        constraints = [
            one_of("side_effect_kind_known", kind=SideEffectKind),
            models.UniqueConstraint(
                name="side_effect_once_from_a_report",
                fields=["check_in", "kind"],
                condition=Q(check_in__isnull=False),
                violation_error_message=_("It was recorded from this report already."),
            ),
            models.CheckConstraint(
                name="side_effect_grade_in_ctcae_range",
                condition=Q(grade__range=(1, 5)),
                violation_error_message=_("The grade must be 1 to 5 (CTCAE)."),
            ),
            models.CheckConstraint(
                name="side_effect_resolved_after_onset",
                condition=Q(resolved_at__isnull=True) | Q(resolved_at__gte=F("onset_at")),
                violation_error_message=_("It cannot be resolved before it began."),
            ),
            models.CheckConstraint(
                name="side_effect_resolution_iff_resolved",
                condition=Q(resolved_at__isnull=True, resolution="")
                | (Q(resolved_at__isnull=False) & ~Q(resolution="")),
                violation_error_message=_("Say how and when it was resolved: both, or neither."),
            ),
        ]
        indexes = [
            by_clinic("side_effect_of_clinic"),
            by_choice("side_effect_by_kind", "kind"),
            by_choice("side_effect_by_grade", "grade"),
            by_choice("side_effect_by_expectation", "is_expected"),
            models.Index(
                name="side_effect_open_of_clinic",
                fields=["clinic", "id"],
                condition=Q(resolved_at__isnull=True),
            ),
            models.Index(
                name="side_effect_unresolved",
                fields=["session"],
                condition=Q(resolved_at__isnull=True),
            ),
        ]
        triggers = [clinic_of("session", "treatment_session"), reported_of_its_session()]

    def __str__(self) -> str:
        return gettext("{kind}, grade {grade}").format(
            kind=self.get_kind_display(), grade=self.grade
        )
