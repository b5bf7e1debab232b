"""How the skin heals and how well it worked."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from clinic.db.constraints import constraint_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User, in_words
from patients.models import Zone
from patients.services.records import require_open
from sessions.lifecycle import Status
from sessions.models import (
    OutcomeMeasure,
    OutcomeScale,
    RaterRole,
    SideEffect,
    TreatmentPlan,
    TreatmentSession,
)
from sessions.services.record.chart import require_on


class NotCompleted(Conflict):
    code = "not_completed"
    title = "Nothing was treated in this session"


class AlreadyResolved(Conflict):
    code = "already_resolved"
    title = "This side effect is resolved"


class ScoreOutOfRange(DomainError):
    code = "score_out_of_range"
    title = "The score is outside of the scale"


class WrongRater(DomainError):
    code = "wrong_rater"
    title = "The scale is rated by somebody else"


class OtherPlan(DomainError):
    code = "other_plan"
    title = "The session belongs to another plan"


@retried_transaction
def log_side_effect(
    *,
    session: TreatmentSession,
    kind: str,
    grade: int,
    is_expected: bool,
    onset_at: datetime,
    by: User,
    zone: Zone | None = None,
    note: str = "",
) -> SideEffect:
    """Record what a session led to. Raises NotCompleted, ZoneElsewhere."""
    require_open(session.patient, field="session")
    if session.status != Status.COMPLETED:
        raise NotCompleted(f"The session is {in_words(Status, session.status)}.", field="session")
    require_on(session.area, zone)
    return SideEffect.objects.create(
        session=session,
        zone=zone,
        kind=kind,
        grade=grade,
        is_expected=is_expected,
        onset_at=onset_at,
        note=note,
        recorded_by=by,
    )


def _unresolved(side_effect_id: Any) -> SideEffect:
    rows = SideEffect.objects.select_for_update(of=("self",)).select_related("session__patient")
    side_effect = rows.get(pk=side_effect_id)
    require_open(side_effect.session.patient)
    if side_effect.resolved_at:
        raise AlreadyResolved(f"It was resolved on {side_effect.resolved_at:%d %b %Y}.")
    return side_effect


@retried_transaction
def note_side_effect(
    *, side_effect_id: Any, grade: int, is_expected: bool, note: str
) -> SideEffect:
    """Note how a side effect goes, while it lasts. Raises AlreadyResolved, PatientArchived."""
    side_effect = _unresolved(side_effect_id)
    side_effect.grade, side_effect.is_expected, side_effect.note = grade, is_expected, note
    side_effect.full_clean()
    side_effect.save(update_fields=["grade", "is_expected", "note"])
    return side_effect


@retried_transaction
def resolve_side_effect(*, side_effect_id: Any, resolution: str, at: datetime) -> SideEffect:
    """Close a side effect with its outcome. Raises AlreadyResolved, PatientArchived."""
    side_effect = _unresolved(side_effect_id)
    side_effect.resolved_at, side_effect.resolution = at, resolution
    side_effect.full_clean()
    side_effect.save(update_fields=["resolved_at", "resolution"])
    return side_effect


@retried_transaction
def record_outcome(
    *,
    plan: TreatmentPlan,
    scale: OutcomeScale,
    milestone: str,
    rater_role: str,
    score: Decimal,
    at: datetime,
    by: User,
    session: TreatmentSession | None = None,
    zone: Zone | None = None,
    note: str = "",
) -> OutcomeMeasure:
    """Record a score on a scale. Raises ScoreOutOfRange, WrongRater, OtherPlan, ZoneElsewhere."""
    require_open(plan.patient, field="plan")
    if rater_role not in scale.rater_roles:
        raise WrongRater(
            f"{scale} is rated by: "
            f"{', '.join(RaterRole(role).label.lower() for role in scale.rater_roles)}.",
            field="rater_role",
        )
    if session and session.plan_id != plan.pk:
        raise OtherPlan("Name a session of this plan.", field="session")
    require_on(plan.area, zone)
    measure = OutcomeMeasure(
        plan=plan,
        session=session,
        scale=scale,
        milestone=milestone,
        zone=zone,
        rater_role=rater_role,
        score=score,
        measured_at=at,
        recorded_by=by,
        note=note,
    )
    measure.full_clean()
    try:
        with transaction.atomic():
            measure.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "outcome_score_in_range":
            raise
        raise ScoreOutOfRange(
            f"{scale} goes from {scale.score_min:g} to {scale.score_max:g}.", field="score"
        ) from error
    return measure
