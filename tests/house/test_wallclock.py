"""Times on the clock on the wall, where the clock jumps."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from clinic.values.wallclock import Doubled, Skipped, add_wallclock, exact_instant, instant_of
from tests.factories import DAY, HOUR

ZONES = [
    "Australia/Lord_Howe",  # half an hour
    "Africa/Casablanca",  # back and forth around Ramadan, until 2026
    "Asia/Kathmandu",  # +05:45
    "Pacific/Apia",  # skipped 30 Dec 2011, and gave up summer time
    "America/New_York",
    "Europe/Berlin",
    "America/Santiago",  # jumps at midnight
]
STEADY = {
    *(("Asia/Kathmandu", 2008), ("Asia/Kathmandu", 2027)),
    *(("Pacific/Apia", 2027), ("Africa/Casablanca", 2027)),
}


@pytest.mark.parametrize(
    ("zone", "local", "nearest"),
    [
        ("America/New_York", "2027-03-14T02:30", ("2027-03-14T01:45", "2027-03-14T03:00")),
        ("Europe/Berlin", "2030-03-31T02:00", ("2030-03-31T01:45", "2030-03-31T03:00")),
        ("Europe/Berlin", "2030-03-31T02:45", ("2030-03-31T01:45", "2030-03-31T03:00")),
        ("Australia/Lord_Howe", "2030-10-06T02:15", ("2030-10-06T01:45", "2030-10-06T02:30")),
        ("America/Santiago", "2027-09-05T00:30", ("2027-09-04T23:45", "2027-09-05T01:00")),
        ("Pacific/Apia", "2011-12-30T10:00", ("2011-12-29T23:45", "2011-12-31T00:00")),
    ],
)
def test_a_time_that_the_clock_skips_is_refused_with_the_two_nearest(
    zone: str, local: str, nearest: tuple[str, str]
) -> None:
    with pytest.raises(Skipped) as refused:
        exact_instant(datetime.fromisoformat(local), ZoneInfo(zone), grid=15)

    assert refused.value.nearest == tuple(datetime.fromisoformat(near) for near in nearest)
    assert all(near in str(refused.value) for near in nearest)
    for near in refused.value.nearest:
        assert exact_instant(near, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "local", "both"),
    [
        ("America/New_York", "2027-11-07T01:30", ("-04:00", "-05:00")),
        ("Europe/Berlin", "2030-10-27T02:00", ("+02:00", "+01:00")),
        ("Australia/Lord_Howe", "2030-04-07T01:45", ("+11:00", "+10:30")),
        ("America/Santiago", "2027-04-03T23:30", ("-03:00", "-04:00")),
    ],
)
def test_a_time_that_the_clock_shows_twice_needs_an_offset(
    zone: str, local: str, both: tuple[str, str]
) -> None:
    with pytest.raises(Doubled) as refused:
        exact_instant(datetime.fromisoformat(local), ZoneInfo(zone))

    first, second = refused.value.both
    assert str(refused.value).endswith(f"{local}{both[0]} or {local}{both[1]}.")
    assert first.astimezone(UTC) < second.astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Asia/Kathmandu", "2030-01-07T09:00", "2030-01-07T03:15+00:00"),
        ("Europe/Berlin", "2030-03-31T01:59", "2030-03-31T00:59+00:00"),
        ("Europe/Berlin", "2030-03-31T03:00", "2030-03-31T01:00+00:00"),
        ("Europe/Berlin", "2030-10-27T03:00", "2030-10-27T02:00+00:00"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00+00:00"),
    ],
)
def test_every_other_time_is_one_instant(zone: str, local: str, utc: str) -> None:
    found = exact_instant(datetime.fromisoformat(local), ZoneInfo(zone))

    assert found == datetime.fromisoformat(utc)


def test_a_skipped_time_is_taken_as_later_by_the_jump_where_nobody_can_be_asked() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    moved = instant_of(date(2030, 3, 31), time(2, 30), berlin).astimezone(berlin)

    assert f"{moved:%H:%M}" == "03:30"


def series(zone: ZoneInfo, first: datetime, weeks: int, count: int) -> Iterator[datetime]:
    """The local times of a series of `count` sessions, one every so many weeks."""
    start = first.replace(tzinfo=zone).astimezone(UTC)
    for number in range(1, count + 1):
        yield add_wallclock(start, timedelta(weeks=number * weeks), zone).astimezone(zone)


@pytest.mark.parametrize("first_year", [2008, 2027])
@pytest.mark.parametrize("name", ZONES)
def test_a_series_keeps_its_wall_time_for_ten_years(name: str, first_year: int) -> None:
    """Weekly from every half hour of a weekend, when clocks jump, and some of the other days."""
    zone, skipped = ZoneInfo(name), 0
    week = [datetime(first_year, 1, 4) + half_hours * HOUR / 2 for half_hours in range(7 * 48)]
    for first in (start for start in week if start.weekday() >= 4 or start.hour % 8 == 2):
        for number, shown in enumerate(series(zone, first, weeks=1, count=522), start=1):
            wanted = first + number * 7 * DAY
            wall = shown.replace(tzinfo=None, fold=0)
            if wall == wanted:
                continue
            skipped += 1
            with pytest.raises(Skipped) as gap:
                exact_instant(wanted, zone, grid=30)
            before, after = gap.value.nearest
            assert wall - wanted == after - before - HOUR / 2  # moved by the jump
            assert exact_instant(wall, zone) == shown

    assert (skipped == 0) == ((name, first_year) in STEADY)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ZONES)
def test_postgresql_reads_the_same_clocks(name: str) -> None:
    """Availability asks PostgreSQL, booking asks Python; each has rules of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT noon, noon AT TIME ZONE %s FROM generate_series("
            "timestamptz '2020-01-01 12:00Z', '2037-01-01 12:00Z', interval '1 day') AS noon",
            [name],
        )
        read = cursor.fetchall()

    zone = ZoneInfo(name)
    assert [noon for noon, wall in read if noon.astimezone(zone).replace(tzinfo=None) != wall] == []
