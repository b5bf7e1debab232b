"""The moves of a plan through its life, and what becomes of its sessions when it ends."""

from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.permissions import require_sight
from patients.services.records import require_open
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan
from sessions.scheduling.ahead import look_ahead
from sessions.services.ending.decisions import Decider
from sessions.services.ending.settle import carry_out_decisions


class ReasonMissing(DomainError):
    code = "reason_missing"
    title = gettext_noop("A reason is needed")


@retried_transaction
def move_plan(*, plan_id: UUID, to: str, decider: Decider) -> TreatmentPlan:
    """Move a plan on in its life. What is booked of a plan that is held, stopped or completed is
    decided as when something ends: Note [What a change leaves behind].

    Raises IllegalPlanMove, ReasonMissing (to hold or to stop), PatientArchived (to activate it),
    StillAhead and what `settle` raises.
    """
    plan = TreatmentPlan.objects.select_for_update(of=("self",)).get(pk=plan_id)
    require_sight(decider.by, plan.patient_id)
    if to == PlanStatus.ACTIVE:
        require_open(plan.patient)
    if to in (PlanStatus.ON_HOLD, PlanStatus.STOPPED) and not decider.reason:
        raise ReasonMissing(gettext("Say why the plan is held or stopped."), field="reason")
    before = look_ahead(plan, at=decider.at)
    plan.move_to(to, at=decider.at, by=decider.by, reason=decider.reason)
    carry_out_decisions(plan, before, decider=decider)
    return plan
