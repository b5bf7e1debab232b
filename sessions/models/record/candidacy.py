"""Whether a person is a candidate for needling: what a practitioner has decided, and when."""

from datetime import date
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedTextField
from clinic.models import (
    PRESCRIBERS,
    ClinicScoped,
    Credential,
    Model,
    User,
    append_only,
    by_choice,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
)
from clinic.values.moments import date_in_words
from patients.models import Patient
from sessions.models.session import TreatmentSession


class CandidacyOutcome(models.TextChoices):
    CANDIDATE = "CANDIDATE", _("Candidate")
    NOT_NOW = "NOT_NOW", _("Not now")
    DECLINED = "DECLINED", _("Declined")


WORDS = {
    "until": _("Say until when: the first day on which it may be thought of again."),
    "no_until": _("Only “not now” ends by itself: leave it empty."),
    "reason": _("Say why."),
    "alternatives": _("Say which alternatives the patient was told."),
}


class CandidacyQuerySet(ClinicScoped["Candidacy"]):
    def binding(self, patient_id: UUID, concern: str) -> Self:
        """What was decided on the treatment of one concern (its code) or on the person as a whole,
        the newest first: that one counts."""
        about = Q(concerns=[]) | Q(concerns__contains=[concern])
        return self.filter(about, patient=patient_id).order_by("-decided_at", "-id")

    def examinations(self) -> Self:
        """Those that somebody has decided who was a prescriber on that day."""
        day = OuterRef("decided_at__date")
        prescriber = Credential.objects.filter(
            Q(valid_from=None) | Q(valid_from__lte=day),
            Q(expires_on=None) | Q(expires_on__gte=day),
            user=OuterRef("decided_by"),
            kind__in=PRESCRIBERS,
        )
        return self.filter(Exists(prescriber))

    def newest_examinations(self) -> Self:
        """Of each patient the last one."""
        newest = self.model._default_manager.examinations().filter(patient=OuterRef("patient"))
        newest = newest.order_by("-decided_at", "-id")
        return self.filter(pk=Subquery(newest.values("pk")[:1]))


class Candidacy(Model):
    """The outcome of a consultation. Append-only: of what concerns a plan, the newest counts.

    About the `concerns` that are named, by code, or about the person as a whole if none is.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="candidacies")
    session = models.ForeignKey(
        TreatmentSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="candidacies",
        help_text="The visit at which it was decided.",
    )
    outcome = models.CharField(
        max_length=12, choices=CandidacyOutcome, help_text="What was decided."
    )
    concerns = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="What it is about; the person as a whole if none is named.",
    )
    until = models.DateField(
        null=True, blank=True, help_text="Of “not now”: the first day that is possible again."
    )
    reason = EncryptedTextField(blank=True, max_length=2_000, help_text="Why not, or why not now.")
    alternatives = EncryptedTextField(
        blank=True, max_length=2_000, help_text="What the patient was told could be done instead."
    )
    expectations = EncryptedTextField(
        blank=True, max_length=2_000, help_text="What the patient hopes for, in their words."
    )
    other_treatments = EncryptedTextField(
        blank=True, max_length=2_000, help_text="What was tried before, and what goes on elsewhere."
    )
    decided_at = models.DateTimeField(editable=False)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")

    clinic = clinic_field()

    objects = CandidacyQuerySet.as_manager()

    class Meta:
        db_table = "treatment_candidacy"
        verbose_name_plural = "candidacies"
        constraints = [
            one_of("candidacy_outcome_known", outcome=CandidacyOutcome),
            models.CheckConstraint(
                name="candidacy_until_iff_not_now",
                condition=Q(outcome=CandidacyOutcome.NOT_NOW, until__isnull=False)
                | (~Q(outcome=CandidacyOutcome.NOT_NOW) & Q(until__isnull=True)),
                violation_error_message=WORDS["until"],
            ),
            models.CheckConstraint(
                name="candidacy_refusal_has_a_reason",
                condition=Q(outcome=CandidacyOutcome.CANDIDATE) | Q(reason__regex=r"\S"),
                violation_error_message=WORDS["reason"],
            ),
            models.CheckConstraint(
                name="candidacy_declined_tells_alternatives",
                condition=~Q(outcome=CandidacyOutcome.DECLINED) | Q(alternatives__regex=r"\S"),
                violation_error_message=WORDS["alternatives"],
            ),
        ]
        indexes = [
            by_clinic("candidacy_of_clinic"),
            by_choice("candidacy_by_outcome", "outcome"),
            models.Index(name="candidacy_newest", fields=["patient", "-decided_at", "-id"]),
        ]
        triggers = [*append_only(), clinic_of("patient", "patient")]

    def __str__(self) -> str:
        outcome = self.get_outcome_display()
        if not isinstance(self.until, date):
            return outcome
        day = date_in_words(self.until, "j M Y")
        return gettext("{outcome} until {day}").format(outcome=outcome, day=day)

    def clean(self) -> None:
        """The same as the constraints, at the fields."""
        missing = {}
        not_now = self.outcome == CandidacyOutcome.NOT_NOW
        if not_now != (self.until is not None):
            missing["until"] = WORDS["until" if not_now else "no_until"]
        if self.outcome != CandidacyOutcome.CANDIDATE and not self.reason.strip():
            missing["reason"] = WORDS["reason"]
        if self.outcome == CandidacyOutcome.DECLINED and not self.alternatives.strip():
            missing["alternatives"] = WORDS["alternatives"]
        if missing:
            raise ValidationError(missing)
