"""What the figures estimate, by scipy. It is loaded with the first figure: half a second that no
other request should wait for."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval. None of both where the interval cannot be given."""

    value: float
    low: float | None
    high: float | None

    @property
    def in_per_cent(self) -> str:
        """A share with its interval, such as “17 % (7 to 34)”."""
        value, low, high = (round(100 * (one or 0)) for one in (self.value, self.low, self.high))
        return gettext("{value} % ({low} to {high})").format(value=value, low=low, high=high)


@dataclass(frozen=True)
class Spread:
    """The middle of a cohort, and between what eight of ten lie."""

    p10: float
    median: float
    p90: float


def spread(values: Sequence[float]) -> Spread:
    from scipy import stats

    p10, median, p90 = stats.quantile(list(map(float, values)), [0.1, 0.5, 0.9])
    return Spread(float(p10), float(median), float(p90))


def median(values: Sequence[float]) -> Estimate:
    """The median, between two of the values themselves: which ones follows from the binomial
    distribution, whatever that of the values is."""
    from scipy import stats

    values = list(map(float, values))
    interval = stats.quantile_test(values, p=0.5).confidence_interval(CONFIDENCE)
    is_given = interval.low == interval.low  # else not a number: fewer than six values
    return Estimate(
        value=float(stats.quantile(values, 0.5)),
        low=float(interval.low) if is_given else None,
        high=float(interval.high) if is_given else None,
    )


def proportion(part: int, of: int) -> Estimate:
    """A share with Wilson's interval."""
    from scipy import stats

    interval = stats.binomtest(part, of).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(part / of, float(interval.low), float(interval.high))


def shift(values: Sequence[float], than: Sequence[float]) -> Estimate:
    """By how much `values` lie above `than`: the median of all differences (Hodges and Lehmann),
    with the interval of the rank sum test, whatever the distribution. For 30 and more of each."""
    from scipy import stats

    differences = sorted(float(one) - float(other) for one in values for other in than)
    n, m = len(values), len(than)
    spread_of_ranks = (n * m * (n + m + 1) / 12) ** 0.5
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    cut_off = max(int(n * m / 2 - z * spread_of_ranks), 0)
    return Estimate(
        value=float(stats.quantile(differences, 0.5)),
        low=differences[cut_off],
        high=differences[-1 - cut_off],
    )


def ratio(events: int, expected: float) -> Estimate:
    """Events against those expected, with exact Poisson limits."""
    from scipy import stats

    tail = (1 - CONFIDENCE) / 2
    low = float(stats.chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * events + 2)) / 2
    return Estimate(events / expected, low / expected, high / expected)


def which_stand_out(counts: Sequence[tuple[int, float]], *, rate: float = 0.05) -> list[bool]:
    """For each (events, expected): are these more than chance explains, although we look at so
    many? At most `rate` of those that stand out do so by chance (Benjamini and Hochberg)."""
    from scipy import stats

    if not counts:
        return []
    tails = [float(stats.poisson.sf(events - 1, expected)) for events, expected in counts]
    return [bool(one <= rate) for one in stats.false_discovery_control(tails, method="bh")]
