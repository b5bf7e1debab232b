"""The healing curve of a session: windows, whom it is compared with, and from how many on."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from sessions.figures.cuts import DepthBand, SkinGroup
from sessions.figures.healing import HealingCurve, Literature, Point, Report, healing_curve
from tests.factories import DAY, NINE

US, ME = uuid4(), uuid4()  # the session, and its patient
BOOK = Literature("redness", 72, 168, "A book", "Review", True)


def report(
    redness: int,
    *,
    day: int = 1,
    session: UUID | None = None,
    patient: UUID | None = None,
    band: DepthBand = DepthBand.MEDIUM,
    after: timedelta = timedelta(0),
) -> Report:
    return Report(
        session_id=session or uuid4(),
        patient_id=patient or uuid4(),
        starts_at=NINE + after,
        band=band,
        day=day,
        scores={"redness": redness},
    )


def curve(own: Sequence[Report] = (), others: Sequence[Report] = ()) -> HealingCurve:
    return healing_curve(
        session_id=US,
        band=DepthBand.MEDIUM,
        group=SkinGroup.LIGHTER,
        own=own,
        others=others,
        literature=[BOOK],
        first=date(2027, 1, 1),
        last=date(2030, 1, 7),
    )


def point(found: HealingCurve, label: str = "day 1") -> Point:
    return next(one for one in found.curves[0].points if one.window.label == label)


def others(n: int, band: DepthBand = DepthBand.MEDIUM) -> list[Report]:
    return [report(k % 10, band=band) for k in range(n)]


def test_of_a_window_the_highest_score_counts() -> None:
    mine = [report(n, day=day, session=US, patient=ME) for n, day in [(3, 4), (5, 5), (2, 6)]]

    found = curve(own=mine)

    assert point(found, "days 4–5").own == 5
    assert point(found, "days 6–8").own == 2
    assert point(found, "day 3").own is None


def test_earlier_sessions_are_beside_it_the_newest_first() -> None:
    earlier = [uuid4() for _ in range(4)]
    mine = [
        report(k, session=one, patient=ME, after=-k * 30 * DAY)
        for k, one in enumerate(earlier, start=1)
    ]

    found = curve(own=[*mine, report(9, session=US, patient=ME)])

    assert found.earlier == [NINE - k * 30 * DAY for k in (1, 2, 3)]
    assert (point(found).own, point(found).earlier) == (9, [1, 2, 3])


def test_thirty_of_the_band_are_a_cohort() -> None:
    """Three each of 0 to 9. Rank 1 + 0.1 × 29 = 3.9 lies nine tenths of the way from the third to
    the fourth, from 0 to 1."""
    found = curve(others=others(30))

    told = point(found).cohort
    assert (told.of, told.n) == ("BAND", 30)
    assert told.spread is not None
    assert (told.spread.p10, told.spread.median, told.spread.p90) == pytest.approx((0.9, 4.5, 8.1))
    assert found.curves[0].literature is None


def test_with_fewer_the_bands_are_pooled_and_it_says_so() -> None:
    found = curve(others=[*others(29), *others(1, DepthBand.DEEP)])

    assert (point(found).cohort.of, point(found).cohort.n) == ("ALL_BANDS", 30)
    assert found.curves[0].literature is None


def test_with_fewer_still_there_is_only_the_literature() -> None:
    found = curve(others=[*others(28), *others(1, DepthBand.DEEP)])

    told = point(found).cohort
    assert (told.of, told.n, told.spread) == ("TOO_FEW", 29, None)
    assert found.curves[0].literature == BOOK
    assert found.curves[1].literature is None  # nothing is written of swelling


def test_a_patient_counts_once_by_the_first_session() -> None:
    twice = uuid4()
    again = report(9, patient=twice, after=40 * DAY)

    found = curve(others=[*others(29), report(0, patient=twice), again])
    assert point(found).cohort.n == 30
    found = curve(others=[*others(28), report(0, patient=twice), again])
    assert point(found).cohort.n == 29


def test_the_first_session_in_the_band_counts_for_the_band() -> None:
    """Whoever was needled deep first and then as deep as here is one of thirty here."""
    twice = uuid4()
    deep = report(9, patient=twice, band=DepthBand.DEEP)

    found = curve(others=[*others(29), deep, report(0, patient=twice, after=40 * DAY)])

    assert (point(found).cohort.of, point(found).cohort.n) == ("BAND", 30)
