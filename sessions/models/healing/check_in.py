"""What is reported of a healing skin after a session, and what triage made of it."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedTextField
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
from sessions.models.healing.triage import TriageVersion
from sessions.models.session import TreatmentSession
from sessions.triage import HostRisk, Level, Report, Score, Sign


class Feeling(models.TextChoices):
    BETTER = "BETTER", _("Better than before")
    SAME = "SAME", _("About the same")
    WORSE = "WORSE", _("Worse")


def _score(name: str) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    return models.PositiveSmallIntegerField(
        name,
        null=True,
        blank=True,
        validators=[MaxValueValidator(10)],
        help_text="0 none, 10 the worst that one can think of; empty if unknown.",
    )


class CheckInQuerySet(ClinicScoped["CheckIn"]):
    def before(self, check_in: "CheckIn") -> Self:
        """Earlier reports of the same session, the newest first, without the pages of its own."""
        others = self.filter(session=check_in.session_id).order_by("-reported_at", "-id")
        first = check_in.report_id
        return others.exclude(Q(pk=first) | Q(report=first)) if first else others


class CheckIn(Model):
    """One report, or one page of it: each page is a row with all that was answered until then, so
    that half a form counts. Append-only. `report` is the first page; empty for that itself.

    `signs` is null as long as the question for signs is not answered: unknown is not no. The level
    is what the rules of `rules` said then, `fired` with which of them.
    """

    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, related_name="check_ins"
    )
    report = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="pages")
    reported_at = models.DateTimeField()
    day = models.PositiveSmallIntegerField(help_text="Days since the session, 0 on its day.")
    feeling = models.CharField(max_length=8, choices=Feeling, blank=True)
    signs = ArrayField(
        models.CharField(max_length=24, choices=Sign),
        null=True,
        blank=True,
        help_text="What is seen or felt; none of these if it was asked and nothing is ticked.",
    )
    redness = _score("redness")
    swelling = _score("swelling")
    pain = _score("pain")
    itch = _score("itch")
    bleeding_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    words = EncryptedTextField(
        blank=True, max_length=4_000, help_text="In the patient's own words."
    )
    may_call = models.BooleanField(
        "may be called today", null=True, blank=True, help_text="May we call today?"
    )
    hosts = ArrayField(models.CharField(max_length=20, choices=HostRisk), default=list)
    level = models.CharField(max_length=12, choices=Level)
    fired = models.JSONField(help_text="Each rule with its code, name and level.")
    rules = models.ForeignKey(TriageVersion, on_delete=models.PROTECT, related_name="+")
    is_draft = models.BooleanField(help_text="Nobody had signed these rules.")
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Or the patient."
    )

    clinic = clinic_field()

    objects = CheckInQuerySet.as_manager()

    class Meta:
        db_table = "treatment_check_in"
        verbose_name = "check-in"
        constraints = [
            one_of("check_in_level_known", level=Level),
            models.CheckConstraint(
                name="check_in_feeling_known", condition=Q(feeling__in=["", *Feeling.values])
            ),
            models.CheckConstraint(
                name="check_in_scores_0_to_10",
                condition=Q(*[Q(**{f"{s}__lte": 10}) | Q(**{s: None}) for s in Score.values]),
                violation_error_message=_("A score goes from 0 to 10."),
            ),
        ]
        indexes = [
            by_clinic("check_in_of_clinic"),
            by_choice("check_in_by_level", "level"),
            by_choice("check_in_by_draft", "is_draft"),
            models.Index(name="check_in_of_session", fields=["session", "-reported_at"]),
        ]
        triggers = [*append_only(), clinic_of("session", "treatment_session")]

    def __str__(self) -> str:
        return gettext("Check-in of day {day}: {level}").format(
            day=self.day, level=self.get_level_display()
        )

    @property
    def scores(self) -> dict[str, int]:
        """Those that are known."""
        given = {score: getattr(self, score) for score in Score.values}
        return {score: value for score, value in given.items() if value is not None}

    def as_report(self, *, signs: frozenset[str], before: dict[str, int]) -> Report:
        """What triage reads. `signs` are those that were ticked and those that the words name."""
        return Report(
            day=self.day,
            signs=signs,
            scores=self.scores,
            before=before,
            bleeding_minutes=self.bleeding_minutes or 0,
            hosts=frozenset(self.hosts),
            asked=self.signs is not None,
        )
