"""How days, depths and skins are cut into groups: clinical.md §1.10 has the same tables."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

FEWEST_OF_COHORT = 30  # patients in one window
FEWEST_OF_CELL = 10  # measured
FEWEST_TO_COMPARE = 30  # measured, of each
LEAST_MEASURED = Decimal("0.6")  # of those who were to be
BASELINE_DAYS = 60  # before the first session, at most
FEWEST_SESSIONS = 2
FEWEST_EVENTS = 3  # of a signal
FEWEST_USES = 20
PERIOD_DAYS = 1095  # three years, unless asked otherwise


class DepthBand(models.TextChoices):
    """By the deepest setting on any zone."""

    SHALLOW = "SHALLOW", _("up to 1.00 mm")
    MEDIUM = "MEDIUM", _("over 1.00 and under 2.00 mm")
    DEEP = "DEEP", _("2.00 mm and deeper")
    UNKNOWN = "UNKNOWN", _("depth not charted")


SHALLOW_UNTIL = Decimal("1.00")
DEEP_FROM = Decimal("2.00")


def depth_band(deepest: Decimal | None) -> DepthBand:
    if deepest is None:
        return DepthBand.UNKNOWN
    if deepest <= SHALLOW_UNTIL:
        return DepthBand.SHALLOW
    return DepthBand.DEEP if deepest >= DEEP_FROM else DepthBand.MEDIUM


class SkinGroup(models.TextChoices):
    """By the Fitzpatrick type that was assessed last."""

    LIGHTER = "LIGHTER", _("skin types I–III")
    DARKER = "DARKER", _("skin types IV–VI")
    UNKNOWN = "UNKNOWN", _("skin type not assessed")


DARKER_FROM = 4


def skin_group(skin_type: int | None) -> SkinGroup:
    if skin_type is None:
        return SkinGroup.UNKNOWN
    return SkinGroup.DARKER if skin_type >= DARKER_FROM else SkinGroup.LIGHTER


@dataclass(frozen=True)
class DayWindow:
    """Days since a session, both included, 0 on its day."""

    first: int
    last: int

    @property
    def days(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def label(self) -> str:
        if self.first == self.last:
            return gettext("day {days}").format(days=self.days)
        return gettext("days {days}").format(days=self.days)


# Narrow while the skin changes fast; around the days on which patients are asked.
DAY_WINDOWS = tuple(
    DayWindow(first, last)
    for first, last in [
        *((0, 0), (1, 1), (2, 2), (3, 3)),
        *((4, 5), (6, 8), (9, 17), (18, 35), (36, 60)),
    ]
)


def day_window(day: int) -> DayWindow | None:
    return next((one for one in DAY_WINDOWS if one.first <= day <= one.last), None)
