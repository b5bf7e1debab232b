"""How often side effects follow, and which lots and products they follow more often."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from sessions.figures import statistics
from sessions.figures.cuts import FEWEST_EVENTS, FEWEST_OF_CELL, FEWEST_USES
from sessions.figures.statistics import Estimate
from sessions.figures.withheld import Withheld


class Grouping(models.TextChoices):
    PROTOCOL_VERSION = "PROTOCOL_VERSION", _("protocol version")
    DEPTH_BAND = "DEPTH_BAND", _("depth band")
    SKIN_GROUP = "SKIN_GROUP", _("skin group")
    LOT = "LOT", _("cartridge lot")


@dataclass(frozen=True)
class Group:
    key: str  # an id or a code
    label: str
    place: int = 0  # in the order of the cuts


@dataclass(frozen=True)
class Treated:
    """A session of a group in which something was needled, and whether a side effect followed."""

    session_id: UUID
    group: Group
    has_event: bool


@dataclass(frozen=True)
class Rate:
    """Of `n` sessions `events` had at least one side effect."""

    group: Group
    n: int
    events: int
    withheld: Withheld
    share: Estimate | None


def rates(treated: Iterable[Treated]) -> list[Rate]:
    """By group, in the order of the cuts, else of the labels."""
    sessions: dict[Group, dict[UUID, bool]] = {}
    for one in treated:
        sessions.setdefault(one.group, {})[one.session_id] = one.has_event
    found = sorted(sessions.items(), key=lambda one: (one[0].place, one[0].label, one[0].key))
    return [_rate(group, len(events), sum(events.values())) for group, events in found]


def _rate(group: Group, n: int, events: int) -> Rate:
    withheld = Withheld.TOO_FEW if n < FEWEST_OF_CELL else Withheld.NOTHING
    share = None if withheld else statistics.proportion(events, n)
    return Rate(group, n, events, withheld, share)


class Used(models.TextChoices):
    CARTRIDGE_LOT = "CARTRIDGE_LOT", _("Cartridge lot")
    PRODUCT = "PRODUCT", _("Product")
    PRODUCT_LOT = "PRODUCT_LOT", _("Lot of a product")


@dataclass(frozen=True)
class Use:
    """Something was used in a session, once however many times it was written down."""

    what: Used
    group: Group
    session_id: UUID


@dataclass(frozen=True)
class Watched:
    """A lot or product with enough uses, and whether somebody should look at it. `expected` is
    what all uses of its kind make of as many."""

    what: Used
    group: Group
    uses: int
    events: int
    expected: float
    ratio: Estimate | None  # None where nothing is expected, for there were no events at all
    is_signal: bool


@dataclass(frozen=True)
class SignalFigure:
    sessions: int
    events: int
    watched: list[Watched]
    unwatched: int  # with too few uses to be looked at


def signal_figure(uses: Iterable[Use], *, sessions: int, with_event: set[UUID]) -> SignalFigure:
    """Signals first, then by how far events exceed what is expected."""
    distinct = set(uses)
    count = Counter((use.what, use.group) for use in distinct)
    events = Counter((use.what, use.group) for use in distinct if use.session_id in with_event)
    of_kind = Counter(use.what for use in distinct)
    events_of_kind = Counter(use.what for use in distinct if use.session_id in with_event)
    looked_at = [one for one, n in count.items() if n >= FEWEST_USES]
    usual = {what: events_of_kind[what] / n for what, n in of_kind.items()}
    counts = [(events[one], count[one] * usual[one[0]]) for one in looked_at]
    found = [
        _watched(what, group, count[what, group], seen, expected, stands_out=stands_out)
        for (what, group), (seen, expected), stands_out in zip(
            looked_at, counts, statistics.which_stand_out(counts), strict=True
        )
    ]
    found.sort(key=_gravest_first)
    return SignalFigure(sessions, len(with_event), found, len(count) - len(looked_at))


def _watched(
    what: Used, group: Group, uses: int, events: int, expected: float, *, stands_out: bool
) -> Watched:
    ratio = statistics.ratio(events, expected) if expected else None
    exceeds = ratio is not None and ratio.low is not None and ratio.low > 1
    is_signal = events >= FEWEST_EVENTS and exceeds and stands_out
    return Watched(what, group, uses, events, expected, ratio, is_signal)


def _gravest_first(one: Watched) -> tuple[bool, float, str, str, str]:
    ratio = one.ratio.value if one.ratio else 0.0
    return (not one.is_signal, -ratio, one.what, one.group.label, one.group.key)
