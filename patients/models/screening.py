"""Screening: is this person a candidate, and is the skin ready?"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedJSONField, EncryptedTextField
from clinic.findings import Severity
from clinic.models import (
    ClinicScoped,
    CredentialKind,
    Evidence,
    Model,
    Role,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
    version_once,
)
from clinic.values.moments import date_in_words
from clinic.values.names import shipped
from patients.models.patient import Patient


class Scope(models.TextChoices):
    GLOBAL = "GLOBAL", _("The person")
    ZONE = "ZONE", _("The zone to be treated")
    AREA = "AREA", _("The zone, and with a warning its whole area")


class Condition(models.TextChoices):
    """When a rule matters at all."""

    ALWAYS = "ALWAYS", _("Always")
    DEVICE_LISTS_ISOTRETINOIN = (
        "DEVICE_LISTS_ISOTRETINOIN",
        _("If the device's label lists isotretinoin"),
    )
    NEAR_MOUTH = "NEAR_MOUTH", _("If an area with the mouth is treated")
    SKIN_IV_TO_VI = "SKIN_IV_TO_VI", _("Skin types IV to VI")
    BLOOD_HANDLED = "BLOOD_HANDLED", _("Asked only if the clinic handles blood products")


class SignOff(models.TextChoices):
    """Who must agree beside whoever overrides a rule: kinds of credentials."""

    PHYSICIAN = CredentialKind.PHYSICIAN.value, _("A physician")
    PRESCRIBER = CredentialKind.PRESCRIBER.value, _("A prescriber")


class ScreeningRule(Versioned):
    """A question of the questionnaire, and what a yes means. A catalogue.

    With `washout_days`, the finding ends that many days after the last exposure (`clear_on`).
    Who may go ahead in spite of it, with a reason, is in `overridable_by`; nobody if empty.
    """

    code = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField(help_text="Order in the questionnaire.")
    question = models.CharField(max_length=300)
    asks_last_exposure = models.BooleanField(default=False, help_text="Ask when it was last.")
    ask_again = models.BooleanField(
        default=False,
        help_text="Ask anew before every session: the last answer is not carried over.",
    )
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.GLOBAL)
    condition = models.CharField(max_length=32, choices=Condition, default=Condition.ALWAYS)
    severity = models.CharField(max_length=8, choices=Severity)
    washout_days = models.PositiveSmallIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, help_text="What a yes means for the treatment.")
    overridable_by = ArrayField(
        models.CharField(max_length=16, choices=Role), default=list, blank=True
    )

    sign_off = models.CharField(
        max_length=16,
        choices=SignOff,
        blank=True,
        default="",
        db_default="",
        help_text="Whoever overrides it holds this credential, or names who has signed off, and"
        " when.",
    )

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "patient_screening_rule"
        constraints = [
            version_once("screening_rule_version_once", "code"),
            one_of("screening_rule_evidence_known", evidence=Evidence),
            one_of("screening_rule_severity_known", severity=Severity),
            one_of("screening_rule_scope_known", scope=Scope),
            one_of("screening_rule_condition_known", condition=Condition),
            models.CheckConstraint(
                name="screening_rule_sign_off_known",
                condition=Q(sign_off__in=["", *SignOff.values]),
            ),
            models.CheckConstraint(
                name="screening_rule_washout_asks_when",
                condition=Q(washout_days__isnull=True) | Q(asks_last_exposure=True),
                violation_error_message=_("A washout can only be counted from a last exposure."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What it is about, in a word or two."""
        return shipped(self.code.replace("-", " ").capitalize())


class ScreeningWording(Model):
    """The question of a rule in a language other than English."""

    rule = models.ForeignKey(ScreeningRule, on_delete=models.PROTECT, related_name="wordings")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    question = models.CharField(max_length=300)

    class Meta:
        db_table = "patient_screening_wording"
        constraints = [
            models.UniqueConstraint(
                name="screening_wording_once_per_language", fields=["rule", "language"]
            ),
            models.CheckConstraint(
                name="screening_wording_is_not_english",
                condition=~Q(language=settings.LANGUAGE_CODE),
                violation_error_message=_("The English question is the one of the rule."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.rule}, {self.get_language_display()}"


class ScreeningKind(models.TextChoices):
    FULL = "FULL", _("Full")
    RESCREEN = "RESCREEN", _("Re-screening before a session")


class Screening(Model):
    """The questionnaire as answered at one moment. Append-only: the newest one counts.

    A re-screening carries over what has not changed since the full one (`based_on`).
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="screenings")
    kind = models.CharField(max_length=8, choices=ScreeningKind)
    based_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="rescreenings"
    )
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Or the patient."
    )
    valid_until = models.DateField(help_text="Then a full screening is due again.")
    good_health = models.BooleanField(help_text="In good general health?")
    expectations_discussed = models.BooleanField(help_text="Were realistic expectations discussed?")
    note = EncryptedTextField(blank=True, max_length=5_000)

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "patient_screening"
        constraints = [
            one_of("screening_kind_known", kind=ScreeningKind),
            models.CheckConstraint(
                name="screening_rescreen_iff_based_on",
                condition=Q(kind=ScreeningKind.FULL, based_on__isnull=True)
                | Q(kind=ScreeningKind.RESCREEN, based_on__isnull=False),
            ),
        ]
        indexes = [
            by_clinic("screening_of_clinic"),
            by_choice("screening_by_kind", "kind"),
            by_choice("screening_by_health", "good_health"),
            models.Index(name="screening_newest", fields=["patient", "-taken_at"]),
        ]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        return gettext("{kind} screening, {taken_at}").format(
            kind=self.get_kind_display(), taken_at=date_in_words(self.taken_at, "j M Y")
        )


class ScreeningAnswer(Model):
    """The answer to one rule, in the version that was asked."""

    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="answers")
    rule = models.ForeignKey(ScreeningRule, on_delete=models.PROTECT, related_name="+")
    answer = models.BooleanField()
    last_exposure_on = models.DateField(null=True)
    zones = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="The zones that it is about; all if none is named.",
    )
    detail = EncryptedCharField(max_length=500, blank=True)

    class Meta:
        db_table = "patient_screening_answer"
        constraints = [
            models.UniqueConstraint(
                name="screening_answer_once_per_rule", fields=["screening", "rule"]
            ),
            models.CheckConstraint(
                name="screening_answer_no_has_no_exposure",
                condition=Q(answer=True) | Q(last_exposure_on__isnull=True),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.rule}: {gettext('yes') if self.answer else gettext('no')}"


class HomeAnswers(Model):
    """One page of the questionnaire, as the patient has answered it at home. Append-only: the
    newest answer to a question counts until a screening is recorded, and half a form is kept.

    `answers` has by the code of the rule: `version`, `answer` (null: not sure), `last` (a day).
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="home_answers")
    answers = EncryptedJSONField(default=dict)
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "patient_home_answers"
        verbose_name_plural = "home answers"
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Answers from home, {answered_at}").format(
            answered_at=date_in_words(self.answered_at, "j M Y")
        )
