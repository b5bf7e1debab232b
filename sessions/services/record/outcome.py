"""How well it worked, measured on scales."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext, gettext_noop

from clinic.db.constraints import refusal_of
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import User
from clinic.permissions import require_sight
from patients.models import Zone
from patients.services.records import require_open
from sessions.lifecycle import SIGNED, Status
from sessions.models import (
    Kind,
    Milestone,
    OutcomeMeasure,
    OutcomeScale,
    RaterRole,
    TreatmentPlan,
    TreatmentSession,
)
from sessions.safety.loading.record import rules_in_effect
from sessions.services.record.chart import require_on

# The rules that say from which day to which one after the last session a milestone is measured,
# and what holds where a clinic has not loaded them (clinical.md §1.2).
WINDOWS = {
    Milestone.DAY_90: {"outcome-first-from": 75, "outcome-first-until": 120},
    Milestone.DAY_180: {"outcome-second-from": 150, "outcome-second-until": 210},
}


class ScoreOutOfRange(DomainError):
    code = "score_out_of_range"
    title = gettext_noop("The score is outside of the scale")


class WrongScale(DomainError):
    code = "wrong_scale"
    title = gettext_noop("The scale measures something else")


class WrongRater(DomainError):
    code = "wrong_rater"
    title = gettext_noop("The scale is rated by somebody else")


class NotBlinded(DomainError):
    code = "not_blinded"
    title = gettext_noop("Who treats is not blind to it")


class WrongMilestone(DomainError):
    code = "wrong_milestone"
    title = gettext_noop("That is not when it was measured")


class OtherPlan(DomainError):
    code = "other_plan"
    title = gettext_noop("The session belongs to another plan")


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
    measured_at: datetime | None = None,
    session: TreatmentSession | None = None,
    zone: Zone | None = None,
    rated_by: User | None = None,
    rater_name: str = "",
    note: str = "",
) -> OutcomeMeasure:
    """Record a score on a scale, and who gave it: a clinician is whoever records it, if nobody
    else is named.

    Raises ScoreOutOfRange, WrongScale, WrongRater, NotBlinded, WrongMilestone, OtherPlan,
    ZoneElsewhere.
    """
    require_open(plan.patient, field="plan")
    require_sight(by, plan.patient_id)
    if scale.concerns and plan.concern.code not in scale.concerns:
        raise WrongScale(
            gettext("{scale} is not for {concern}: choose another one.").format(
                scale=scale, concern=str(plan.concern).lower()
            ),
            field="scale",
        )
    if (score - scale.score_min) % scale.score_step:
        raise ScoreOutOfRange(
            gettext("{scale} goes in steps of {step}.").format(
                scale=scale, step=format(scale.score_step, "g")
            ),
            field="score",
        )
    if session and session.plan_id != plan.pk:
        raise OtherPlan(gettext("Name a session of this plan."), field="session")
    require_on(plan.area, zone)
    measured_at = measured_at or at
    if measured_at > at:
        raise WrongMilestone(gettext("That lies in the future."), field="measured_at")
    _require_its_time(plan, scale, milestone, measured_at)
    if rater_role == RaterRole.CLINICIAN and not rater_name:
        rated_by = rated_by or by
    _require_rater(plan, scale, rater_role, rated_by, rater_name)
    measure = OutcomeMeasure(
        plan=plan,
        session=session,
        scale=scale,
        milestone=milestone,
        zone=zone,
        rater_role=rater_role,
        rated_by=rated_by,
        rater_name=rater_name,
        score=score,
        measured_at=measured_at,
        recorded_by=by,
        note=note,
    )
    measure.full_clean()
    outside = ScoreOutOfRange(
        gettext("{scale} goes from {low} to {high}.").format(
            scale=scale,
            low=format(scale.score_min, "g"),
            high=format(scale.score_max, "g"),
        ),
        field="score",
    )
    with refusal_of("outcome_score_in_range", outside):
        measure.save(force_insert=True)
    return measure


def _require_rater(
    plan: TreatmentPlan,
    scale: OutcomeScale,
    rater_role: str,
    rated_by: User | None,
    rater_name: str,
) -> None:
    if rater_role not in scale.rater_roles:
        raise WrongRater(
            gettext("{scale} is rated by: {raters}.").format(
                scale=scale,
                raters=", ".join(RaterRole(role).label.lower() for role in scale.rater_roles),
            ),
            field="rater_role",
        )
    named = bool(rated_by) + bool(rater_name)
    field = "rater_name" if rater_name else "rated_by"
    if rater_role == RaterRole.PATIENT and named:
        raise WrongRater(gettext("The patient has rated: name nobody else."), field=field)
    if rater_role != RaterRole.PATIENT and named != 1:
        raise WrongRater(
            gettext("Name who has rated: a colleague, or by name somebody from elsewhere."),
            field=field,
        )
    if rater_role == RaterRole.BLINDED and rated_by and _has_treated(plan, rated_by):
        raise NotBlinded(
            gettext("{rated_by} has treated this patient.").format(rated_by=rated_by),
            field="rated_by",
        )


def _has_treated(plan: TreatmentPlan, rater: User) -> bool:
    return TreatmentSession.objects.filter(
        patient=plan.patient_id,
        kind=Kind.TREATMENT,
        practitioner=rater,
        status__in=[Status.IN_PROGRESS, *SIGNED],
    ).exists()


def days_of(milestone: Milestone, at: datetime) -> tuple[int, int]:
    """From which day to which one after the last session it is measured, by the rules then."""
    rules = rules_in_effect(at)
    first, until = (
        int(rules[code].value) if code in rules else usual
        for code, usual in WINDOWS[milestone].items()
    )
    return first, until


def _require_its_time(
    plan: TreatmentPlan, scale: OutcomeScale, milestone: str, measured_at: datetime
) -> None:
    """A baseline is from before the treatment, a result from its days after the last session."""
    if milestone not in (Milestone.BASELINE, *WINDOWS):
        return
    if milestone == Milestone.BASELINE and scale.no_change_score is not None:
        raise WrongMilestone(
            gettext(
                "{scale} compares with before: it has no score before the first session."
            ).format(scale=scale),
            field="milestone",
        )
    done = plan.sessions.filter(
        kind=Kind.TREATMENT, status=Status.COMPLETED, starts_at__lt=measured_at
    )
    last = done.order_by("-starts_at").first()
    if milestone == Milestone.BASELINE:
        if last:
            raise WrongMilestone(
                gettext(
                    "The first session was before that: say when it was measured, or choose "
                    "another time."
                ),
                field="milestone",
            )
        return
    label = Milestone(milestone).label.lower()
    if last is None:
        raise WrongMilestone(
            gettext("No session was completed yet: not {label}.").format(label=label),
            field="milestone",
        )
    zone = plan.clinic.zone
    days = (measured_at.astimezone(zone).date() - last.starts_at.astimezone(zone).date()).days
    first, until = days_of(Milestone(milestone), measured_at)
    if not first <= days <= until:
        raise WrongMilestone(
            gettext(
                "That is day {days} after the last session: “{label}” is day {first} to {until}. "
                "Choose another time."
            ).format(days=days, label=label, first=first, until=until),
            field="milestone",
        )
