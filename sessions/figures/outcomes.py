"""What was achieved, by depth band: the change on a scale from before the first session."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from sessions.figures import statistics
from sessions.figures.cuts import (
    BASELINE_DAYS,
    FEWEST_OF_CELL,
    FEWEST_SESSIONS,
    FEWEST_TO_COMPARE,
    LEAST_MEASURED,
    DepthBand,
)
from sessions.figures.statistics import Estimate
from sessions.figures.withheld import Withheld


@dataclass(frozen=True)
class Scale:
    """What the figure needs to know of a scale."""

    lower_is_better: bool
    no_change: Decimal | None  # of a scale that compares with before; it has no baseline
    difference: Decimal | None  # the smallest that matters, where a source says so


@dataclass(frozen=True)
class MilestoneWindow:
    """Days after the last session, both included."""

    day: int
    first: int
    last: int


@dataclass(frozen=True)
class Score:
    on: date
    value: Decimal


@dataclass(frozen=True)
class Course:
    """A plan with the sessions that were done, and its scores on the scale. Days are those of the
    clinic's clock."""

    plan_id: UUID
    patient_id: UUID
    band: DepthBand
    sessions: int
    first_on: date
    last_on: date
    is_over: bool  # no further session is booked
    baselines: list[Score] = field(default_factory=list)
    results: list[Score] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """`planned` are those whose window is over. What is estimated is None where it is withheld."""

    band: DepthBand
    planned: int
    measured: int
    withheld: Withheld
    change: Estimate | None
    responders: int | None
    responding: Estimate | None


@dataclass(frozen=True)
class Difference:
    """By how much the change in a band lies above that in the shallower one next to it."""

    band: DepthBand
    than: DepthBand
    change: Estimate


@dataclass(frozen=True)
class OutcomeFigure:
    n: int  # patients with an eligible plan
    waiting: int  # of them, whose window is not over yet
    cells: list[Cell]
    differences: list[Difference]


def outcome_figure(
    courses: Iterable[Course], *, scale: Scale, window: MilestoneWindow, today: date
) -> OutcomeFigure:
    units = _first_eligible(courses, scale)
    due = [one for one in units if one.is_over and (today - one.last_on).days > window.last]
    changes = {
        band: [_change(one, scale, window) for one in due if one.band == band]
        for band in DepthBand
        if any(one.band == band for one in due)
    }
    cells = [_cell(band, found, scale) for band, found in changes.items()]
    return OutcomeFigure(
        n=len(units),
        waiting=len(units) - len(due),
        cells=cells,
        differences=list(_differences(cells, changes)),
    )


def _first_eligible(courses: Iterable[Course], scale: Scale) -> list[Course]:
    """One plan a patient: the first with enough sessions and something to compare with."""
    found: dict[UUID, Course] = {}
    for course in sorted(courses, key=lambda one: (one.first_on, one.plan_id)):
        is_eligible = course.sessions >= FEWEST_SESSIONS and _before(course, scale) is not None
        if is_eligible:
            found.setdefault(course.patient_id, course)
    return list(found.values())


def _before(course: Course, scale: Scale) -> Decimal | None:
    """The last baseline, unless it is too old; the score of no change on a scale of changes."""
    if scale.no_change is not None:
        return scale.no_change
    known = [
        one for one in course.baselines if 0 <= (course.first_on - one.on).days <= BASELINE_DAYS
    ]
    return max(known, key=lambda one: one.on).value if known else None


def _change(course: Course, scale: Scale, window: MilestoneWindow) -> Decimal | None:
    """From before to the result nearest to the day of the milestone; None if none is in time."""
    in_time = {
        (one.on - course.last_on).days: one.value
        for one in course.results
        if window.first <= (one.on - course.last_on).days <= window.last
    }
    before = _before(course, scale)
    if not in_time or before is None:
        return None
    return in_time[min(in_time, key=lambda day: (abs(day - window.day), day))] - before


def _cell(band: DepthBand, found: Sequence[Decimal | None], scale: Scale) -> Cell:
    changes = [one for one in found if one is not None]
    planned, measured = len(found), len(changes)
    withheld = _withheld(planned, measured)
    responders = None
    if withheld == Withheld.NOTHING and scale.difference is not None:
        sign = -1 if scale.lower_is_better else 1
        responders = sum(sign * one >= scale.difference for one in changes)
    return Cell(
        band=band,
        planned=planned,
        measured=measured,
        withheld=withheld,
        change=None if withheld else statistics.median(_floats(changes)),
        responders=responders,
        responding=None if responders is None else statistics.proportion(responders, measured),
    )


def _withheld(planned: int, measured: int) -> Withheld:
    if measured < LEAST_MEASURED * planned:
        return Withheld.TOO_FEW_MEASURED
    return Withheld.TOO_FEW if measured < FEWEST_OF_CELL else Withheld.NOTHING


def _differences(
    cells: Sequence[Cell], changes: dict[DepthBand, list[Decimal | None]]
) -> Iterable[Difference]:
    """Between neighbouring bands that are both large enough."""
    known = [one for one in cells if one.band != DepthBand.UNKNOWN]
    for shallower, deeper in pairwise(known):
        pair = (shallower, deeper)
        if all(not one.withheld and one.measured >= FEWEST_TO_COMPARE for one in pair):
            than, values = (
                _floats([one for one in changes[cell.band] if one is not None]) for cell in pair
            )
            yield Difference(deeper.band, shallower.band, statistics.shift(values, than))


def _floats(values: Iterable[Decimal]) -> list[float]:
    return [float(one) for one in values]
