"""How days, depths and skins are cut, at each edge."""

from decimal import Decimal

import pytest
from django.conf import settings

from sessions.figures.cuts import (
    DAY_WINDOWS,
    DepthBand,
    SkinGroup,
    day_window,
    depth_band,
    skin_group,
)


@pytest.mark.parametrize(
    ("deepest", "band"),
    [
        ("0.50", "SHALLOW"),
        ("1.00", "SHALLOW"),
        ("1.01", "MEDIUM"),
        ("1.99", "MEDIUM"),
        ("2.00", "DEEP"),
        ("2.50", "DEEP"),
    ],
)
def test_depths_have_bands(deepest: str, band: str) -> None:
    assert depth_band(Decimal(deepest)) == band


def test_what_is_not_known_is_a_group_of_its_own() -> None:
    assert (depth_band(None), skin_group(None)) == ("UNKNOWN", "UNKNOWN")


def test_skin_types_have_groups() -> None:
    found = [skin_group(skin_type) for skin_type in range(1, 7)]

    assert found == ["LIGHTER"] * 3 + ["DARKER"] * 3


def test_days_have_windows() -> None:
    labels: dict[str, list[int]] = {}
    for day in range(61):
        window = day_window(day)
        assert window is not None
        labels.setdefault(window.label, []).append(day)

    ends = {label: (days[0], days[-1]) for label, days in labels.items()}
    assert ends == {
        "day 0": (0, 0),
        "day 1": (1, 1),
        "day 2": (2, 2),
        "day 3": (3, 3),
        "days 4–5": (4, 5),
        "days 6–8": (6, 8),
        "days 9–17": (9, 17),
        "days 18–35": (18, 35),
        "days 36–60": (36, 60),
    }
    assert day_window(61) is None


def test_the_clinical_rules_name_every_group() -> None:
    told = (settings.BASE_DIR / "docs" / "clinical.md").read_text().partition("## 1.10")[2]

    labels = [*map(str, DepthBand.labels + SkinGroup.labels), *(one.label for one in DAY_WINDOWS)]
    assert [label for label in labels if label not in told] == []
