"""What an outcome visit measures, and what of it is there (clinical.md §1.7).

A list to work through, and no rule: what is missing here blocks nothing by itself.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

from django.db.models import Q, Subquery
from django.utils.translation import gettext

from clinic.db.among import Among
from clinic.values.moments import date_in_words
from clinic.values.wallclock import instant_of
from sessions.lifecycle import Status
from sessions.models import (
    Kind,
    OutcomeMeasure,
    OutcomeScale,
    Photo,
    TreatmentPlan,
    TreatmentSession,
    View,
)
from sessions.safety.consultation import Item
from sessions.safety.facts import figure


def outcome_items(session: TreatmentSession, *, at: datetime) -> list[Item]:
    """The scales and standard views of the plan, and of what was treated in one sitting with its
    last session: which are there since the day of the visit began, and what they were before.
    Nothing for visits of other kinds. Takes four queries, and two for each other plan."""
    plan = session.plan
    if session.kind != Kind.OUTCOME or plan is None:
        return []
    began = session.starts_at
    if session.status in (Status.CHECKED_IN, Status.IN_PROGRESS):
        began = min(began, at)  # who comes the evening before is measured then
    day = instant_of(began.astimezone(plan.clinic.zone).date(), time(), plan.clinic.zone)
    items = [*_scales(plan, day, at), *_views(plan, day)]
    for other in _treated_with(plan, session):
        items += [
            replace(item, code=f"{item.code}:{other.area.code}", name=f"{other.area}: {item.name}")
            for item in [*_scales(other, day, at), *_views(other, day)]
        ]
    return items


def _treated_with(plan: TreatmentPlan, session: TreatmentSession) -> Iterable[TreatmentPlan]:
    """The other plans of the sitting that its last session before the visit was part of."""
    done = plan.sessions.filter(
        kind=Kind.TREATMENT, status=Status.COMPLETED, starts_at__lt=session.starts_at
    )
    last = Subquery(done.order_by("-starts_at").values("pk")[:1])
    rows = TreatmentSession.objects.of_sitting(last).filter(status=Status.COMPLETED)
    others = TreatmentPlan.objects.filter(Among("sessions__pk", rows.values("pk")))
    return others.exclude(pk=plan.pk).select_related("concern", "area", "clinic").order_by("pk")


def _scales(plan: TreatmentPlan, day: datetime, at: datetime) -> Iterable[Item]:
    """Those that were measured before, and those that measure the concern."""
    measured = list(plan.outcomes.select_related("scale").order_by("measured_at", "id"))
    used = {measure.scale.code for measure in measured}
    for scale in OutcomeScale.objects.in_effect(at):
        if scale.code not in used and plan.concern.code not in scale.concerns:
            continue
        own = [measure for measure in measured if measure.scale.code == scale.code]
        before = next((measure for measure in own if measure.measured_at < day), None)
        now = next((measure for measure in reversed(own) if measure.measured_at >= day), None)
        yield Item(
            code=f"scale:{scale.code}",
            name=str(scale),
            is_there=now is not None,
            detail=_compared(scale, before, now, plan),
        )


def _compared(
    scale: OutcomeScale,
    before: OutcomeMeasure | None,
    now: OutcomeMeasure | None,
    plan: TreatmentPlan,
) -> str:
    """“2 now; 4 on 7 Jan 2030: better by 2”."""
    if now:
        told = gettext("{score} now").format(score=figure(now.score))
    else:
        told = gettext("Rate it: {low} to {high}").format(
            low=figure(scale.score_min), high=figure(scale.score_max)
        )
    if scale.no_change_score is not None:  # it compares with before by itself
        if now is None:
            return f"{told}."
        change = now.score - scale.no_change_score
        if change == 0:
            return gettext("{scores}: no change.").format(scores=told)
        if _is_better(scale, change):
            return gettext("{scores}: better than before.").format(scores=told)
        return gettext("{scores}: worse than before.").format(scores=told)
    if before is None:
        return gettext("{scores}; not measured before.").format(scores=told)
    on = date_in_words(before.measured_at.astimezone(plan.clinic.zone), "j M Y")
    earlier = gettext("{score} on {day}").format(score=figure(before.score), day=on)
    told = f"{told}; {earlier}"
    if now is None:
        return f"{told}."
    change = now.score - before.score
    if change == 0:
        return gettext("{scores}: no change.").format(scores=told)
    by = figure(abs(change))
    if _is_better(scale, change):
        told = gettext("{scores}: better by {change}").format(scores=told, change=by)
    else:
        told = gettext("{scores}: worse by {change}").format(scores=told, change=by)
    matters = scale.minimal_important_difference
    if matters is not None and abs(change) < matters:
        told = gettext("{compared}, less than the {matters} that matter to a patient").format(
            compared=told, matters=figure(matters)
        )
    return f"{told}."


def _is_better(scale: OutcomeScale, change: Decimal) -> bool:
    return (change < 0) == scale.lower_is_better


def _views(plan: TreatmentPlan, day: datetime) -> Iterable[Item]:
    """Those of the area that there are from before; from the front if there are none."""
    rows = (
        Photo.objects.standard()
        .filter(Q(zone=None) | Q(zone__area=plan.area_id), patient=plan.patient_id)
        .select_related("zone")
        .order_by("taken_at", "id")
    )
    before: dict[tuple[str, str], datetime] = {}
    now: set[tuple[str, str]] = set()
    for photo in rows:
        shown = (photo.view, str(photo.zone or ""))
        if photo.taken_at < day:
            before.setdefault(shown, photo.taken_at)
        else:
            now.add(shown)
    for view, zone in before or [(View.FRONT.value, "")]:
        first = before.get((view, zone))
        is_there = (view, zone) in now
        since = date_in_words(first.astimezone(plan.clinic.zone), "j M Y") if first else ""
        yield Item(
            code=f"view:{view}" + (f":{zone}" if zone else ""),
            name=", ".join(filter(None, (gettext("Photograph"), View(view).label.lower(), zone))),
            is_there=is_there,
            detail=_photographed(is_there, since),
        )


def _photographed(is_there: bool, since: str) -> str:
    if is_there and since:
        return gettext("Taken: to compare with that of {day}.").format(day=since)
    if is_there:
        return gettext("Taken: there is none from before.")
    if since:
        return gettext("Take it: to compare with that of {day}.").format(day=since)
    return gettext("Take it: there is none from before.")
