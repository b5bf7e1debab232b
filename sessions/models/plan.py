"""Treatment plans: what is to be treated, by which protocol, and how far it has come."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedTextField
from clinic.errors import Conflict
from clinic.models import (
    Clinic,
    ClinicScoped,
    Event,
    Model,
    Moving,
    User,
    by_choice,
    by_clinic,
    one_of,
    track_history,
)
from patients.models import Area, Concern, Patient, PatientConcern
from sessions.lifecycle import PLAN_NEXT, PlanKind, PlanStatus
from sessions.models.protocol import Protocol, ProtocolVersion
from sessions.models.triggers import outcome_of_this_patient


class IllegalPlanMove(Conflict):
    code = "illegal_plan_move"
    title = gettext_noop("The plan cannot do this now")


class HomeCare(models.TextChoices):
    """What a patient agrees to do between the visits. clinical.md §1.6."""

    SUNSCREEN = "SUNSCREEN", _("Sun protection every day")
    HAT = "HAT", _("A hat in the sun")
    MOISTURISER = "MOISTURISER", _("A bland moisturiser")
    RETINOID = "RETINOID", _("A retinoid at night")
    VITAMIN_C = "VITAMIN_C", _("Vitamin C in the morning")
    AZELAIC_ACID = "AZELAIC_ACID", _("Azelaic acid")
    MINOXIDIL = "MINOXIDIL", _("Minoxidil")


MAINTENANCE_COMPLETE = {
    "interval_months": _("Say how many months lie between the sessions of a maintenance plan."),
    "reason": _("Say what is to be kept up, and why."),
}


class TreatmentPlanQuerySet(ClinicScoped["TreatmentPlan"]):
    def with_booking_facts(self) -> Self:
        """Together with all that booking one of its sessions looks at."""
        return self.select_related("clinic", "patient__clinic", "area", "protocol")


@track_history()
class TreatmentPlan(Moving, Model):
    """The decision to treat one concern of one patient on one area by one protocol."""

    statuses = PlanStatus
    next_statuses = PLAN_NEXT
    illegal_move = IllegalPlanMove
    called = gettext_noop("a plan")
    care_team = Q()

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False, db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
    kind = models.CharField(
        max_length=12, choices=PlanKind, default=PlanKind.COURSE, db_default=PlanKind.COURSE
    )
    concern = models.ForeignKey(Concern, on_delete=models.PROTECT)
    patient_concerns = models.ManyToManyField(
        PatientConcern,
        blank=True,
        related_name="plans",
        db_table="treatment_plan_concern",
        help_text="What it is to better, with forms and baseline grades.",
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT)
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT)
    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, editable=False, related_name="+"
    )
    practitioner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    planned_sessions = models.PositiveSmallIntegerField()
    planned_zones = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Zones of the area in one session: more take longer."
    )
    goals = EncryptedTextField(blank=True, max_length=2_000)
    interval_months = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of maintenance: months between its sessions, 1 to 24."
    )
    reason = EncryptedTextField(
        blank=True, db_default="", max_length=2_000, help_text="Of maintenance: what it keeps up."
    )
    after_outcome = models.ForeignKey(
        "treatment_sessions.OutcomeMeasure",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of maintenance: the measured outcome that it follows from.",
    )
    home_care = ArrayField(
        models.CharField(max_length=16, choices=HomeCare),
        default=list,
        blank=True,
        db_default=[],
        help_text="Sun protection and care at home that the patient agreed to; letters repeat it.",
    )
    status = models.CharField(
        max_length=12,
        choices=PlanStatus,
        default=PlanStatus.DRAFT,
        db_default=PlanStatus.DRAFT,
        editable=False,
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")

    objects = TreatmentPlanQuerySet.as_manager()

    class Meta:
        db_table = "treatment_plan"
        constraints = [
            models.CheckConstraint(
                name="plan_has_sessions",
                condition=Q(planned_sessions__range=(1, 52)),
                violation_error_message=_("A plan has 1 to 52 sessions."),
            ),
            models.CheckConstraint(
                name="plan_has_zones",
                condition=Q(planned_zones__range=(1, 12)),
                violation_error_message=_("A session treats 1 to 12 zones."),
            ),
            one_of("plan_status_known", status=PlanStatus),
            one_of("plan_kind_known", kind=PlanKind),
            models.CheckConstraint(
                name="plan_maintenance_complete",
                condition=Q(
                    kind=PlanKind.COURSE,
                    interval_months__isnull=True,
                    reason="",
                    after_outcome__isnull=True,
                )
                | Q(kind=PlanKind.MAINTENANCE, interval_months__isnull=False, reason__regex=r"\S"),
                violation_error_message=_(
                    "Maintenance has an interval and a reason; a course has "
                    "neither, and follows from no outcome."
                ),
            ),
            models.CheckConstraint(
                name="plan_interval_1_to_24_months",
                condition=Q(interval_months__isnull=True) | Q(interval_months__range=(1, 24)),
                violation_error_message=_("The interval is 1 to 24 months."),
            ),
            models.CheckConstraint(
                name="plan_home_care_known",
                condition=Q(home_care__contained_by=HomeCare.values),
                violation_error_message=_("Only care at home that is on the list."),
            ),
            # The key of what a session copies from its plan: see migration 0002_same_clinic.
            models.UniqueConstraint(
                name="plan_key_with_copies", fields=["id", "clinic", "patient", "area"]
            ),
            # That of a visit that is about a plan and treats nothing: 0016_kinds_of_visit.
            models.UniqueConstraint(
                name="plan_key_with_patient", fields=["id", "clinic", "patient"]
            ),
        ]
        indexes = [
            by_clinic("plan_of_clinic"),
            by_choice("plan_by_status", "status"),
            models.Index(
                name="plan_maintenance",
                fields=["clinic", "id"],
                condition=Q(kind=PlanKind.MAINTENANCE),
            ),
        ]
        triggers = [outcome_of_this_patient()]

    def __str__(self) -> str:
        return f"{self.patient}: {self.protocol}"

    @property
    def interval_days(self) -> int | None:
        """Between the sessions of a maintenance plan; a course follows its protocol."""
        return days_of_months(self.interval_months)

    def clean(self) -> None:
        """The same as the constraint, at the fields."""
        wrong: dict[str, Any] = {}
        if self.kind == PlanKind.MAINTENANCE:
            given = {"interval_months": self.interval_months, "reason": self.reason.strip()}
            wrong = {name: MAINTENANCE_COMPLETE[name] for name, value in given.items() if not value}
        else:
            for name in ("interval_months", "reason", "after_outcome_id"):
                if getattr(self, name):
                    wrong[name.removesuffix("_id")] = gettext("Only maintenance has this.")
        if wrong:
            raise ValidationError(
                {name: ValidationError(words, code="maintenance") for name, words in wrong.items()}
            )


def days_of_months(months: int | None) -> int | None:
    return None if months is None else months * 365 // 12


class PlanEvent(Event):
    """One move in the life of a plan. Append-only."""

    statuses = PlanStatus

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="events")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta(Event.Meta):
        db_table = "treatment_plan_event"
