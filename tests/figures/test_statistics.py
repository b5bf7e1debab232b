"""The statistics of the figures against answers worked out by hand, or printed elsewhere."""

import pytest

from sessions.figures import statistics
from sessions.figures.statistics import Estimate


def near(found: Estimate, value: float, low: float, high: float) -> bool:
    told = (found.value, found.low, found.high)
    return bool(told == pytest.approx((value, low, high), abs=0.0005))


def test_the_spread_of_thirty_lies_between_their_ranks() -> None:
    """Rank 1 + 0.1 × 29 = 3.9, and so on."""
    found = statistics.spread(range(1, 31))

    assert (found.p10, found.median, found.p90) == pytest.approx((3.9, 15.5, 27.1))


@pytest.mark.parametrize(
    ("n", "ranks"),
    # The tables of the sign test: below rank 2 of 10, with 97.9 %; a rank more would be 89.1 %.
    [(6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (12, (3, 10)), (20, (6, 15)), (30, (10, 21))],
)
def test_a_median_lies_between_the_ranks_of_the_sign_test(
    n: int, ranks: tuple[float, float]
) -> None:
    found = statistics.median(range(n, 0, -1))

    assert (found.low, found.high) == ranks
    assert found.value == (n + 1) / 2


def test_five_are_too_few_for_an_interval() -> None:
    """All five above the median has a chance of 1 in 32 on each side: 93.75 %."""
    assert statistics.median([5, 3, 1, 2, 4]) == Estimate(3, None, None)


@pytest.mark.parametrize(
    ("part", "of", "answer"),
    [
        (5, 30, (0.1667, 0.0734, 0.3356)),  # PIH in [Dogra 2014], as clinical.md has it
        (8, 10, (0.8, 0.4902, 0.9433)),
        (0, 10, (0.0, 0.0, 0.2775)),  # z² / (n + z²) = 3.8415 / 13.8415
        (10, 10, (1.0, 0.7225, 1.0)),
    ],
)
def test_a_share_has_the_interval_of_wilson(
    part: int, of: int, answer: tuple[float, float, float]
) -> None:
    assert near(statistics.proportion(part, of), *answer)


def test_a_shift_is_the_median_of_all_differences() -> None:
    """Thirty of 0 to 29 against thirty that are 10 lower: of the 900 differences 30 - |k| are
    10 + k. The rank sum spreads by √(900 × 61 / 12) = 67.6, so that 450 - 1.96 × 67.6 = 317 lie
    outside on each side. 1 + 2 + … + 24 = 300 are below 10 - 5, and 325 up to it."""
    found = statistics.shift(list(range(30)), list(range(-10, 20)))

    assert found == Estimate(10, 5, 15)


@pytest.mark.parametrize(
    ("events", "expected", "answer"),
    [
        (3, 1.0, (3.0, 0.6187, 8.7673)),  # Garwood's limits, as printed in tables
        (10, 5.0, (2.0, 0.9591, 3.6781)),  # 4.7954 and 18.3904
        (0, 2.0, (0.0, 0.0, 1.8444)),  # ln 40 = 3.6889
    ],
)
def test_events_have_the_exact_limits_of_poisson(
    events: int, expected: float, answer: tuple[float, float, float]
) -> None:
    assert near(statistics.ratio(events, expected), *answer)


def test_what_stands_out_alone_does_not_among_many() -> None:
    """Three events where one is expected: 1 - 2.5 / e = 0.0803, by chance. Four: 0.0190, which is
    enough alone, and with ten others that are as expected is multiplied by 11."""
    as_expected = (1, 1.0)

    assert statistics.which_stand_out([(3, 1.0)]) == [False]
    assert statistics.which_stand_out([(4, 1.0)]) == [True]
    assert statistics.which_stand_out([(4, 1.0), *[as_expected] * 10]) == [False] * 11
    assert statistics.which_stand_out([(9, 1.0), *[as_expected] * 10]) == [True, *[False] * 10]
    assert statistics.which_stand_out([]) == []
