"""Treatment plans: what is to be treated, by which protocol, and how far it has come."""

from typing import Self

from django.db import models
from django.db.models import Q

from clinic.errors import Conflict
from clinic.models import Clinic, ClinicScoped, Event, Model, Moving, User, one_of, track_history
from patients.models import Area, Concern, Patient, PatientConcern
from sessions.lifecycle import PLAN_NEXT, PlanStatus
from sessions.models.protocol import Protocol, ProtocolVersion


class IllegalPlanMove(Conflict):
    code = "illegal_plan_move"
    title = "The plan cannot do this now"


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
    called = "a plan"

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
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
    goals = models.TextField(blank=True, max_length=2_000)
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
                violation_error_message="A plan has 1 to 52 sessions.",
            ),
            models.CheckConstraint(
                name="plan_has_zones",
                condition=Q(planned_zones__range=(1, 12)),
                violation_error_message="A session treats 1 to 12 zones.",
            ),
            one_of("plan_status_known", status=PlanStatus),
            # The key of what a session copies from its plan: see migration 0002_same_clinic.
            models.UniqueConstraint(
                name="plan_key_with_copies", fields=["id", "clinic", "patient", "area"]
            ),
            # That of a visit that is about a plan and treats nothing: 0016_kinds_of_visit.
            models.UniqueConstraint(
                name="plan_key_with_patient", fields=["id", "clinic", "patient"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient}: {self.protocol}"


class PlanEvent(Event):
    """One move in the life of a plan. Append-only."""

    statuses = PlanStatus

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="events")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta(Event.Meta):
        db_table = "treatment_plan_event"
