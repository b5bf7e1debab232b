"""The figures from the database: rows, and what is made of them."""

from datetime import datetime, timedelta

from django.utils.translation import gettext

from clinic.db.replica import reads_aside
from sessions.figures.cuts import PERIOD_DAYS, DepthBand, depth_band, skin_group
from sessions.figures.healing import HealingCurve, healing_curve
from sessions.figures.outcomes import MilestoneWindow, OutcomeFigure, Scale, outcome_figure
from sessions.figures.rows import healing, outcomes, side_effects
from sessions.figures.rows.scope import Scope
from sessions.figures.rows.side_effects import Events
from sessions.figures.side_effects import Grouping, Rate, SignalFigure, rates, signal_figure
from sessions.models import Kind, Milestone, OutcomeScale, TreatmentSession
from sessions.services.record.chart import NotATreatment
from sessions.services.record.outcome import days_of

NOMINAL_DAY = {Milestone.DAY_90: 90, Milestone.DAY_180: 180}


@reads_aside
def read_healing_curve(session: TreatmentSession, *, at: datetime) -> HealingCurve:
    """Four statements. Raises NotATreatment."""
    if session.kind != Kind.TREATMENT:
        raise NotATreatment(gettext("Ask for the healing curve of a treatment."))
    today = at.astimezone(session.clinic.zone).date()
    scope = Scope(
        clinic=session.clinic,
        first=today - timedelta(days=PERIOD_DAYS),
        last=today,
        area=session.area,
        group=skin_group(session.patient.skin_type),
    )
    return healing_curve(
        session_id=session.pk,
        band=_band_of(session),
        group=skin_group(session.patient.skin_type),
        own=healing.reports_of_patient(session),
        others=healing.reports_of_others(session, scope),
        literature=healing.literature(at),
        first=scope.first,
        last=scope.last,
    )


def _band_of(session: TreatmentSession) -> DepthBand:
    depths = session.zone_treatments.values_list("depth_mm", flat=True)
    return depth_band(max(depths, default=None))


def milestone_window(milestone: Milestone, at: datetime) -> MilestoneWindow:
    return MilestoneWindow(NOMINAL_DAY[milestone], *days_of(milestone, at))


@reads_aside
def read_outcomes(
    scope: Scope,
    *,
    scale: OutcomeScale,
    rater_role: str,
    milestone: Milestone,
    window: MilestoneWindow,
    at: datetime,
) -> OutcomeFigure:
    """Two statements."""
    courses = outcomes.courses(scope)
    outcomes.add_scores(
        courses, scope, scale=scale.code, rater_role=rater_role, milestone=milestone
    )
    facts = Scale(
        lower_is_better=scale.lower_is_better,
        no_change=scale.no_change_score,
        difference=scale.minimal_important_difference,
    )
    today = at.astimezone(scope.clinic.zone).date()
    return outcome_figure(courses, scale=facts, window=window, today=today)


@reads_aside
def read_rates(scope: Scope, events: Events, grouping: Grouping) -> list[Rate]:
    """One statement."""
    return rates(side_effects.treated(scope, events, grouping))


@reads_aside
def read_signals(scope: Scope, events: Events) -> SignalFigure:
    """Three statements."""
    sessions = side_effects.with_event(scope, events)
    seen = {session_id for session_id, has_event in sessions.items() if has_event}
    return signal_figure(side_effects.uses(scope), sessions=len(sessions), with_event=seen)
