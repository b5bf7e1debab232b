"""Rates of side effects with their denominators, and which lots somebody should look at."""

from collections.abc import Iterable
from uuid import uuid4

import pytest

from sessions.figures.side_effects import (
    Group,
    SignalFigure,
    Treated,
    Use,
    Used,
    rates,
    signal_figure,
)

LOT = Used.CARTRIDGE_LOT


def of_group(name: str, n: int, events: int) -> list[Treated]:
    return [Treated(uuid4(), Group(name, name), k < events) for k in range(n)]


def test_a_rate_has_its_denominator_and_from_ten_on_its_interval() -> None:
    """5 of 30: 7 to 34 %, as of [Dogra 2014]."""
    ten, nine, thirty = rates([*of_group("c", 30, 5), *of_group("a", 10, 0), *of_group("b", 9, 3)])

    assert (ten.n, ten.events, ten.withheld) == (10, 0, "")
    assert ten.share is not None
    assert (ten.share.value, ten.share.low) == (0, 0)
    assert (nine.n, nine.events, nine.withheld, nine.share) == (9, 3, "TOO_FEW", None)
    assert thirty.share is not None
    assert (thirty.share.low, thirty.share.high) == pytest.approx((0.0734, 0.3356), abs=1e-4)


def test_a_session_counts_once_in_its_group() -> None:
    (one,) = of_group("a", 1, 1)

    (found,) = rates([one, one])

    assert (found.n, found.events) == (1, 1)


def figure(*lots: tuple[str, int, int]) -> SignalFigure:
    """Of lots with uses and events."""
    uses, seen = [], set()
    for name, n, events in lots:
        sessions = [uuid4() for _ in range(n)]
        uses += [Use(LOT, Group(name, name), one) for one in sessions]
        seen |= set(sessions[:events])
    return signal_figure(uses, sessions=len(uses), with_event=seen)


def signals(found: SignalFigure) -> Iterable[str]:
    return [one.group.key for one in found.watched if one.is_signal]


def test_a_lot_that_is_followed_by_more_than_others_is_a_signal() -> None:
    """9 of 20 where 10 of 400 make half a one: 18 times as many, at least 8.2 times (Garwood's
    4.115 of 0.5)."""
    found = figure(("bad", 20, 9), ("good", 380, 1))

    bad = found.watched[0]
    assert list(signals(found)) == ["bad"]
    assert (bad.uses, bad.events, bad.expected) == (20, 9, 0.5)
    assert bad.ratio is not None
    assert (bad.ratio.value, bad.ratio.low) == pytest.approx((18, 8.23), abs=0.01)


@pytest.mark.parametrize(
    ("uses", "events", "watched"),
    [(20, 3, ["bad"]), (20, 2, []), (19, 3, [])],
)
def test_it_takes_three_events_and_twenty_uses(uses: int, events: int, watched: list[str]) -> None:
    found = figure(("bad", uses, events), ("good", 5_000, 0))

    assert signals(found) == watched


def test_uses_below_twenty_are_counted_as_not_looked_at() -> None:
    found = figure(("rare", 19, 3), ("good", 100, 0))

    assert ([one.group.key for one in found.watched], found.unwatched) == (["good"], 1)


def test_among_many_lots_more_is_asked_of_one() -> None:
    """9 where 3.75 are expected have a chance of 0.016, too much for one of four; where 2.2 are,
    0.0005, little for one of 31. 7 then have 0.007: a signal alone, and none among 31."""
    few = [(f"lot {k}", 100, 2) for k in range(3)]
    many = [(f"lot {k}", 100, 2) for k in range(30)]

    assert signals(figure(("bad", 100, 9), *few)) == []  # itself a good part of what is expected
    assert signals(figure(("bad", 100, 9), *many)) == ["bad"]
    assert signals(figure(("bad", 100, 7), *many)) == []


def test_without_any_event_nothing_is_expected() -> None:
    (one,) = figure(("good", 100, 0)).watched

    assert (one.expected, one.ratio, one.is_signal) == (0, None, False)


def test_a_lot_that_is_written_down_twice_was_used_once() -> None:
    session = uuid4()
    use = Use(LOT, Group("a", "a"), session)

    found = signal_figure([use, use], sessions=1, with_event=set())

    assert (found.watched, found.unwatched) == ([], 1)
