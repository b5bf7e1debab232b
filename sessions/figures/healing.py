"""The healing curve of a session, against the patient's earlier ones and against others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from sessions.figures import statistics
from sessions.figures.cuts import (
    DAY_WINDOWS,
    FEWEST_OF_COHORT,
    DayWindow,
    DepthBand,
    SkinGroup,
    day_window,
)
from sessions.triage import Score

EARLIER_SHOWN = 3
Values = dict[tuple[str, DayWindow], list[int]]


class Pool(models.TextChoices):
    """Whom a session is compared with."""

    BAND = "BAND", _("same depth band and skin group")
    ALL_BANDS = "ALL_BANDS", _("all depth bands of the same skin group, pooled")
    TOO_FEW = "TOO_FEW", _("fewer than 30 patients")


@dataclass(frozen=True)
class Report:
    """What was reported of a session on a day."""

    session_id: UUID
    patient_id: UUID
    starts_at: datetime
    band: DepthBand
    day: int
    scores: Mapping[str, int]


@dataclass(frozen=True)
class Literature:
    """When a kind of reaction is usually over, and by which source."""

    score: str
    over_after_hours: int | None
    review_after_hours: int | None
    citation: str
    evidence: str
    is_published: bool  # else a default of ours


@dataclass(frozen=True)
class Cohort:
    of: Pool
    n: int
    spread: statistics.Spread | None


@dataclass(frozen=True)
class Point:
    window: DayWindow
    own: int | None
    earlier: list[int | None]  # as `HealingCurve.earlier`
    cohort: Cohort


@dataclass(frozen=True)
class Curve:
    """One score. `literature` only where no window has a cohort."""

    score: Score
    points: list[Point]
    literature: Literature | None

    @property
    def is_reported(self) -> bool:
        return any(point.own is not None for point in self.points)


@dataclass(frozen=True)
class HealingCurve:
    session_id: UUID
    band: DepthBand
    group: SkinGroup
    first: date  # of the cohort's sessions, on the clinic's clock
    last: date
    earlier: list[datetime]  # when the patient's earlier sessions began, the newest first
    curves: list[Curve]

    @property
    def pools(self) -> set[Pool]:
        return {point.cohort.of for curve in self.curves for point in curve.points}


def healing_curve(
    *,
    session_id: UUID,
    band: DepthBand,
    group: SkinGroup,
    own: Sequence[Report],
    others: Sequence[Report],
    literature: Sequence[Literature],
    first: date,
    last: date,
) -> HealingCurve:
    """`own` are the reports of the patient, of this session and earlier ones; `others` those of
    other patients of the same clinic, area and skin group."""
    before = {one.session_id: one.starts_at for one in own if one.session_id != session_id}
    earlier = sorted(before, key=lambda one: before[one], reverse=True)[:EARLIER_SHOWN]
    by_session = {
        one: _values(report for report in own if report.session_id == one)
        for one in (session_id, *earlier)
    }
    in_band = _values(_first_sessions(one for one in others if one.band == band))
    pooled = _values(_first_sessions(others))
    told = {one.score: one for one in literature}
    curves = []
    for score in Score:
        points = []
        for window in DAY_WINDOWS:
            at = (score.value, window)
            mine, *theirs = (
                max(values.get(at, ()), default=None) for values in by_session.values()
            )
            cohort = _cohort(in_band.get(at, []), pooled.get(at, []))
            points.append(Point(window, mine, theirs, cohort))
        has_cohort = any(point.cohort.spread for point in points)
        curves.append(Curve(score, points, None if has_cohort else told.get(score.value)))
    return HealingCurve(
        session_id=session_id,
        band=band,
        group=group,
        first=first,
        last=last,
        earlier=[before[one] for one in earlier],
        curves=curves,
    )


def _first_sessions(reports: Iterable[Report]) -> list[Report]:
    """Those of the first session of each patient: one session a patient."""
    found = sorted(reports, key=lambda one: (one.starts_at, one.session_id))
    first = {one.patient_id: one.session_id for one in reversed(found)}
    return [one for one in found if first[one.patient_id] == one.session_id]


def _values(reports: Iterable[Report]) -> Values:
    """For each score and window one value a session: the highest that was reported in it."""
    highest: dict[tuple[str, DayWindow], dict[UUID, int]] = {}
    for report in reports:
        if window := day_window(report.day):
            for score, value in report.scores.items():
                of_sessions = highest.setdefault((score, window), {})
                of_sessions[report.session_id] = max(value, of_sessions.get(report.session_id, 0))
    return {at: list(of_sessions.values()) for at, of_sessions in highest.items()}


def _cohort(in_band: list[int], pooled: list[int]) -> Cohort:
    """The narrower one that is large enough."""
    for of, values in ((Pool.BAND, in_band), (Pool.ALL_BANDS, pooled)):
        if len(values) >= FEWEST_OF_COHORT:
            return Cohort(of, len(values), statistics.spread(values))
    return Cohort(Pool.TOO_FEW, len(pooled), None)
