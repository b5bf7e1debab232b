"""Where the parts of a picture stand, in units of its view box: the templates only draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions.figures.healing import Curve, Point, Pool
from sessions.figures.statistics import Estimate

# A curve: a column for each window of days, scores from 0 below to 10 above.
WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 480, 200, 12, 172, 34
COLUMN = (WIDTH - LEFT) / 9
SCORES = (0, 5, 10)


def height_of(score: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * score / 10, 1)


@dataclass(frozen=True)
class Column:
    middle: float
    label: str
    own: float | None
    earlier: list[float]
    box: tuple[float, float] | None  # of the cohort: from above, and how high
    median: float | None
    is_pooled: bool


def columns(curve: Curve) -> list[Column]:
    return [_column(k, point) for k, point in enumerate(curve.points)]


def _column(k: int, point: Point) -> Column:
    spread = point.cohort.spread
    top = height_of(spread.p90) if spread else 0.0
    return Column(
        middle=round(LEFT + COLUMN * (k + 0.5), 1),
        label=point.window.days,
        own=None if point.own is None else height_of(point.own),
        earlier=[height_of(one) for one in point.earlier if one is not None],
        box=(top, round(height_of(spread.p10) - top, 1)) if spread else None,
        median=height_of(spread.median) if spread else None,
        is_pooled=point.cohort.of == Pool.ALL_BANDS,
    )


def grid() -> list[tuple[int, float]]:
    return [(score, height_of(score)) for score in SCORES]


# Intervals: a line for each group, values from left to right.
LINE, AXIS, FROM, TO = 38, 24, 12, 468


@dataclass(frozen=True)
class Interval:
    middle: float  # of its line
    label: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Intervals:
    height: int
    axis: float
    reference: float | None  # what they are compared with, such as no change
    ticks: list[tuple[float, str]]
    lines: list[Interval]


def intervals(
    estimates: Sequence[Estimate], labels: Sequence[str], *, reference: float, as_percent: bool
) -> Intervals:
    """One below the other, on a scale that has all of them and the reference."""
    ends = [end for one in estimates for end in (one.low, one.value, one.high) if end is not None]
    least, most = min([*ends, reference]), max([*ends, reference])
    width = (most - least) or 1.0

    def place(value: float) -> float:
        return round(FROM + (TO - FROM) * (value - least) / width, 1)

    def told(value: float) -> str:
        return f"{100 * value:.0f} %" if as_percent else f"{value:.3g}"

    marks = sorted({least, reference, most})
    return Intervals(
        height=LINE * len(estimates) + AXIS,
        axis=LINE * len(estimates) + 4.0,
        reference=place(reference),
        ticks=[(place(mark), told(mark)) for mark in marks],
        lines=[
            Interval(
                middle=LINE * k + 26.0,
                label=labels[k],
                value=place(one.value),
                low=None if one.low is None else place(one.low),
                high=None if one.high is None else place(one.high),
            )
            for k, one in enumerate(estimates)
        ],
    )


# Bars: one below the other, from nothing on; the table beside them says the same.
BAR, BARS_FROM, BARS_TO, MOST_BARS, LONGEST_LABEL = 26, 210, 430, 24, 28


@dataclass(frozen=True)
class Bar:
    top: int
    middle: int
    label: str
    value: str
    width: float
    end: float  # where its value is written


@dataclass(frozen=True)
class Bars:
    title: str
    height: int
    lines: list[Bar]


def bars(title: str, values: Sequence[tuple[str, str]]) -> Bars | None:
    """Of the values that are numbers; nothing of none, or of more than one can look at."""
    numbers = []
    for label, text in values:
        try:
            numbers.append((label, text, float(text)))
        except ValueError:
            continue
    if not 0 < len(numbers) <= MOST_BARS:
        return None
    most = max(100.0 if title.endswith("%") else 0.0, *(value for _, _, value in numbers)) or 1.0
    widths = [round((BARS_TO - BARS_FROM) * value / most, 1) for _, _, value in numbers]
    lines = [
        Bar(
            top=BAR * k + 5,
            middle=BAR * k + 18,
            label=label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…",
            value=text,
            width=width,
            end=BARS_FROM + 8 + width,
        )
        for k, ((label, text, _), width) in enumerate(zip(numbers, widths, strict=True))
    ]
    return Bars(title, BAR * len(lines) + 6, lines)
