"""Who must be told of a severe side effect, by when, and that it was done."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models import (
    ClinicScoped,
    Evidence,
    Jurisdiction,
    Model,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    by_clinic,
    clinic_field,
    clinic_of,
    one_of,
    track_history,
    version_once,
)
from clinic.values.moments import date_in_words
from sessions.models.healing.side_effect import SideEffect


class ReportingRule(Versioned):
    """To which authority a side effect is reported from some grade on, and how many days after the
    clinic knew of it. A catalogue; where a rule is no duty there is no deadline."""

    code = models.SlugField(max_length=40)
    jurisdiction = models.CharField(max_length=8, choices=Jurisdiction)
    user_facility = models.BooleanField(
        null=True,
        blank=True,
        help_text="Only for a user facility, or only for other clinics; unknown: for all.",
    )
    grade_min = models.PositiveSmallIntegerField(
        "from severity grade", validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    report_to = models.CharField(max_length=120, help_text="Who is told.")
    how = models.CharField(max_length=200, help_text="By which form or page.")
    is_duty = models.BooleanField(help_text="The law asks for it.")
    deadline_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days from the day on which it was known; 0: at once."
    )
    of_work_days = models.BooleanField(
        default=False, db_default=False, help_text="Monday to Friday count; holidays do too."
    )
    says = models.CharField(max_length=300, help_text="What a clinician should know of it.")

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_reporting_rule"
        constraints = [
            version_once("reporting_rule_version_once", "code"),
            one_of("reporting_rule_evidence_known", evidence=Evidence),
            one_of("reporting_rule_jurisdiction_known", jurisdiction=Jurisdiction),
            models.CheckConstraint(
                name="reporting_rule_grade_in_ctcae_range",
                condition=Q(grade_min__range=(1, 5)),
                violation_error_message=_("The grade must be 1 to 5 (CTCAE)."),
            ),
            models.CheckConstraint(
                name="reporting_rule_deadline_iff_duty",
                condition=Q(is_duty=True, deadline_days__isnull=False)
                | Q(is_duty=False, deadline_days__isnull=True),
                violation_error_message=_("A duty has a deadline, and nothing else has one."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{report_to}, version {version}").format(
            report_to=self.report_to, version=self.version
        )


class ReportOutcome(models.TextChoices):
    SENT = "SENT", _("Sent")
    NOT_NEEDED = "NOT_NEEDED", _("Not to be reported")


@track_history(exclude=("clinic",))
class IncidentReport(Model):
    """The report of one side effect by one rule: since when it is known, by when it must be sent,
    and what became of it. `outcome` is empty until somebody has decided."""

    side_effect = models.ForeignKey(SideEffect, on_delete=models.PROTECT, related_name="reports")
    rule = models.ForeignKey(ReportingRule, on_delete=models.PROTECT, related_name="+")
    known_at = models.DateTimeField(help_text="Since when the clinic knows of it.")
    due_at = models.DateTimeField(null=True, help_text="Empty if nothing obliges to send it.")
    outcome = models.CharField(
        max_length=12, choices=ReportOutcome, blank=True, default="", db_default=""
    )
    sent_on = models.DateField(null=True, blank=True)
    number = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="The authority's reference."
    )
    reason = EncryptedCharField(
        max_length=500, blank=True, default="", db_default="", help_text="Why it is not reported."
    )
    settled_at = models.DateTimeField(null=True, editable=False)
    settled_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    clinic = clinic_field()

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_incident_report"
        constraints = [
            models.UniqueConstraint(
                name="incident_report_once_by_a_rule", fields=["side_effect", "rule"]
            ),
            models.CheckConstraint(
                name="incident_report_outcome_known",
                condition=Q(outcome__in=["", *ReportOutcome.values]),
            ),
            models.CheckConstraint(
                name="incident_report_sent_iff_day_and_number",
                condition=Q(outcome=ReportOutcome.SENT, sent_on__isnull=False) & ~Q(number="")
                | ~Q(outcome=ReportOutcome.SENT) & Q(sent_on__isnull=True, number=""),
                violation_error_message=_("Say on which day it was sent, and its number."),
            ),
            models.CheckConstraint(
                name="incident_report_reason_iff_not_needed",
                condition=Q(outcome=ReportOutcome.NOT_NEEDED) & ~Q(reason="")
                | ~Q(outcome=ReportOutcome.NOT_NEEDED) & Q(reason=""),
                violation_error_message=_("Say why it is not to be reported, and only then."),
            ),
            models.CheckConstraint(
                name="incident_report_settled_iff_by",
                condition=Q(outcome="", settled_at__isnull=True, settled_by__isnull=True)
                | ~Q(outcome="") & Q(settled_at__isnull=False, settled_by__isnull=False),
            ),
        ]
        indexes = [
            by_clinic("incident_report_of_clinic"),
            models.Index(name="incident_report_by_due", fields=["clinic", "due_at", "id"]),
            models.Index(
                name="incident_report_by_outcome", fields=["clinic", "outcome", "due_at", "id"]
            ),
            models.Index(
                name="incident_report_open",
                fields=["clinic", "id"],
                condition=Q(settled_at__isnull=True),
            ),
        ]
        triggers = [clinic_of("side_effect", "treatment_side_effect")]

    def __str__(self) -> str:
        return f"{self.rule.report_to}: {self.side_effect.get_kind_display()}"

    @property
    def duty(self) -> str:
        """In words, for whoever has to decide."""
        if self.due_at is None:
            return gettext("No duty, and no deadline")
        zone = self.side_effect.session.clinic.zone
        return gettext("To be sent by {moment}").format(
            moment=date_in_words(self.due_at.astimezone(zone), "j M Y, H:i")
        )
