"""Outcomes by depth band: who counts, what is said from how many on, and what never is."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from sessions.figures.cuts import DepthBand
from sessions.figures.outcomes import (
    Course,
    MilestoneWindow,
    OutcomeFigure,
    Scale,
    Score,
    outcome_figure,
)

FIRST, LAST = date(2029, 1, 1), date(2029, 3, 1)
TODAY = LAST + timedelta(days=121)  # the first day on which the window is over
DAY_90 = MilestoneWindow(90, 75, 120)
LOWER = Scale(lower_is_better=True, no_change=None, difference=Decimal(10))


def days(n: int) -> timedelta:
    return timedelta(days=n)


def course(
    before: float | None = 50,
    after: float | None = 40,
    *,
    baseline: int = 1,
    day: int = 90,
    **but: Any,
) -> Course:
    """A score before and one after, `baseline` days before the first session and on `day` after
    the last."""
    return Course(
        **{
            "plan_id": uuid4(),
            "patient_id": uuid4(),
            "band": DepthBand.MEDIUM,
            "sessions": 2,
            "first_on": FIRST,
            "last_on": LAST,
            "is_over": True,
            **but,
        },
        baselines=[] if before is None else [Score(FIRST - days(baseline), Decimal(before))],
        results=[] if after is None else [Score(LAST + days(day), Decimal(after))],
    )


def figure(courses: Iterable[Course], **but: Any) -> OutcomeFigure:
    return outcome_figure(courses, **{"scale": LOWER, "window": DAY_90, "today": TODAY, **but})


def counts(*courses: Course) -> tuple[int, int]:
    """(planned, measured)."""
    found = figure(courses)
    return sum(one.planned for one in found.cells), sum(one.measured for one in found.cells)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (course(baseline=60), (1, 1)),
        (course(baseline=61), (0, 0)),
        (course(baseline=0), (1, 1)),
        (course(baseline=-1), (0, 0)),
        (course(before=None), (0, 0)),
        (course(sessions=1), (0, 0)),
        (course(is_over=False), (0, 0)),
        (course(day=74), (1, 0)),
        (course(day=75), (1, 1)),
        (course(day=120), (1, 1)),
        (course(day=121), (1, 0)),
        (course(after=None), (1, 0)),
        (course(last_on=LAST + days(1)), (0, 0)),  # its window is over tomorrow
    ],
)
def test_who_is_planned_and_who_is_measured(one: Course, expected: tuple[int, int]) -> None:
    assert counts(one) == expected


def test_who_waits_for_the_end_of_the_window_is_told_apart() -> None:
    found = figure([course(), course(last_on=LAST + days(1))])

    assert (found.n, found.waiting) == (2, 1)


def test_the_first_eligible_plan_of_a_patient_counts() -> None:
    patient: UUID = uuid4()
    too_short = course(patient_id=patient, first_on=FIRST - days(300), sessions=1)
    first = course(patient_id=patient, after=None)
    later = course(patient_id=patient, first_on=FIRST + days(1))

    assert counts(later, first, too_short) == (1, 0)


def test_of_several_results_the_nearest_to_the_day_counts() -> None:
    courses = [course(after=None) for _ in range(10)]
    for one in courses:
        one.results.extend(
            Score(LAST + days(day), Decimal(value)) for day, value in [(76, 1), (88, 30), (92, 2)]
        )

    (cell,) = figure(courses).cells

    assert cell.change is not None
    assert cell.change.value == -20


def test_from_ten_on_the_median_has_the_second_and_the_ninth_as_its_limits() -> None:
    """Changes of -1, -2 … -10, of which one is a response: Wilson's interval of 1 in 10."""
    (cell,) = figure([course(after=50 - k) for k in range(1, 11)]).cells

    assert cell.change is not None
    assert (cell.change.value, cell.change.low, cell.change.high) == (-5.5, -9, -2)
    assert cell.responders == 1
    assert cell.responding is not None
    assert (cell.responding.low, cell.responding.high) == pytest.approx((0.0179, 0.4042), abs=1e-4)


def test_of_nine_nothing_is_estimated() -> None:
    (cell,) = figure([course() for _ in range(9)]).cells

    assert (cell.planned, cell.measured, cell.withheld) == (9, 9, "TOO_FEW")
    assert (cell.change, cell.responders, cell.responding) == (None, None, None)


@pytest.mark.parametrize(("measured", "withheld"), [(12, ""), (11, "TOO_FEW_MEASURED")])
def test_below_sixty_per_cent_nothing_is_estimated(measured: int, withheld: str) -> None:
    """12 of 20 are 60 %."""
    missed = [course(after=None) for _ in range(20 - measured)]

    (cell,) = figure([*(course() for _ in range(measured)), *missed]).cells

    assert (cell.planned, cell.measured, cell.withheld) == (20, measured, withheld)
    assert (cell.change is None) == bool(withheld)


def test_without_a_source_for_what_matters_nobody_is_a_responder() -> None:
    scale = Scale(lower_is_better=True, no_change=None, difference=None)

    (cell,) = figure([course() for _ in range(10)], scale=scale).cells

    assert (cell.responders, cell.responding) == (None, None)


def test_where_more_is_better_a_rise_responds() -> None:
    scale = Scale(lower_is_better=False, no_change=None, difference=Decimal(10))

    (cell,) = figure([course(after=60) for _ in range(10)], scale=scale).cells

    assert cell.responders == 10


def test_a_scale_of_changes_needs_no_baseline() -> None:
    scale = Scale(lower_is_better=True, no_change=Decimal(4), difference=None)

    (cell,) = figure([course(before=None, after=2) for _ in range(10)], scale=scale).cells

    assert cell.change is not None
    assert cell.change.value == -2


@pytest.mark.parametrize(("n", "told"), [(30, 1), (29, 0)])
def test_bands_are_compared_from_thirty_each(n: int, told: int) -> None:
    """-10 and -20 for all: the deeper ones lie 10 below the others, whoever is compared."""
    deep = [course(after=30, band=DepthBand.DEEP) for _ in range(n)]

    found = figure([*deep, *(course() for _ in range(30))])

    assert [one.band for one in found.cells] == [DepthBand.MEDIUM, DepthBand.DEEP]
    assert len(found.differences) == told
    for one in found.differences:
        assert (one.band, one.than) == (DepthBand.DEEP, DepthBand.MEDIUM)
        assert (one.change.value, one.change.low, one.change.high) == (-10, -10, -10)


def test_who_was_not_charted_is_compared_with_nobody() -> None:
    unknown = [course(band=DepthBand.UNKNOWN) for _ in range(30)]

    found = figure([*unknown, *(course() for _ in range(30))])

    assert (len(found.cells), found.differences) == (2, [])
