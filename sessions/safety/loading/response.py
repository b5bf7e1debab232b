"""Whether a plan has helped so far: the facts, from the scores of its scales."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby

from sessions.models import (
    Milestone,
    OutcomeMeasure,
    ProtocolVersion,
    TreatmentSession,
    of_treatment,
)
from sessions.safety.facts import Number, Response


def stop_after(version: ProtocolVersion, rules: Mapping[str, Number]) -> Number | None:
    """After how many sessions without a response somebody asks: the protocol's own number, else
    that of the clinic."""
    if version.stop_after_sessions is None:
        return rules.get("stop-after-sessions")
    return Number(Decimal(version.stop_after_sessions), str(version), version.cited)


def response(session: TreatmentSession) -> Response:
    """What the last score of each scale, rater and zone says against the first one, or against no
    change. A scale of a state counts only if it measures the concern: less pain is no response."""
    measures = OutcomeMeasure.objects.filter(
        plan=session.plan_id, measured_at__lte=session.starts_at
    ).select_related("scale")
    concern = of_treatment(session.plan).concern.code
    told = [
        said
        for _, scores in groupby(sorted(measures, key=_series), key=lambda one: _series(one)[:3])
        if (said := _is_better(list(scores), concern)) is not None
    ]
    return Response(is_measured=bool(told), is_better=any(told))


def _series(measure: OutcomeMeasure) -> tuple[str, str, str, bool, object]:
    later = measure.milestone != Milestone.BASELINE
    zone = str(measure.zone_id or "")
    return measure.scale.code, measure.rater_role, zone, later, measure.measured_at


def _is_better(scores: list[OutcomeMeasure], concern: str) -> bool | None:
    """None where nothing can be compared."""
    first, last = scores[0], scores[-1]
    scale = last.scale
    if scale.no_change_score is not None:
        gain = scale.no_change_score - last.score
        return (gain if scale.lower_is_better else -gain) > 0
    if concern not in scale.concerns or len(scores) < 2:
        return None
    gain = first.score - last.score if scale.lower_is_better else last.score - first.score
    return gain >= (scale.minimal_important_difference or scale.score_step)
