"""Quiet hours on the patient's wall clock: nothing inside of them, and nothing too late to help."""

import zoneinfo
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aftercare.planning.timing import (
    MINUTE,
    ON_THE_WAY,
    evening_before,
    in_quiet_hours,
    next_allowed,
    window,
)
from clinic.models import Clinic
from tests.factories import DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})


def quiet(start: time, end: time) -> Clinic:
    return Clinic(quiet_from=start, quiet_until=end)


NIGHT = quiet(time(21), time(8))


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        (21, 8, "20:59:59", False),
        (21, 8, "21:00:00", True),
        (21, 8, "00:00:00", True),
        (21, 8, "07:59:59", True),
        (21, 8, "08:00:00", False),
        (1, 6, "00:59:59", False),
        (1, 6, "01:00:00", True),
        (1, 6, "05:59:59", True),
        (1, 6, "06:00:00", False),
        (0, 0, "00:00:00", False),
        (8, 8, "08:00:00", False),
    ],
)
def test_quiet_hours_begin_with_their_first_moment_and_end_before_their_last(
    start: int, end: int, now: str, expected: bool
) -> None:
    at = datetime.combine(datetime(2030, 1, 7), time.fromisoformat(now), tzinfo=UTC)

    assert in_quiet_hours(at, quiet(time(start), time(end)), ZoneInfo("UTC")) is expected


def test_a_message_in_the_night_waits_for_the_morning() -> None:
    moved = next_allowed(datetime(2030, 1, 7, 1, tzinfo=UTC), NIGHT, BERLIN)

    assert moved == datetime(2030, 1, 7, 7, tzinfo=UTC)


def test_a_reminder_that_would_wait_too_long_goes_out_the_evening_before() -> None:
    starts_at = datetime(2030, 1, 7, 6, 30, tzinfo=UTC)  # 07:30 in Berlin

    found = window(
        starts_at - 2 * HOUR,
        HOUR,
        clinic=NIGHT,
        zone=BERLIN,
        at=starts_at - 3 * DAY,
        starts_at=starts_at,
    )

    assert found is not None
    assert not found.is_missed
    assert found.due_at == datetime(2030, 1, 6, 19, 30, tzinfo=UTC)  # half an hour before 21:00
    assert found.expires_at == starts_at - HOUR


def test_once_the_evening_has_passed_it_is_missed_and_somebody_should_call() -> None:
    starts_at = datetime(2030, 1, 7, 6, 30, tzinfo=UTC)

    found = window(
        starts_at - 2 * HOUR,
        HOUR,
        clinic=NIGHT,
        zone=BERLIN,
        at=datetime(2030, 1, 6, 22, tzinfo=UTC),
        starts_at=starts_at,
    )

    assert found is not None
    assert found.is_missed


@pytest.mark.parametrize(
    ("until", "sent"),
    [(time(7, 59), "in the morning"), (time(8), "not"), (time(8, 1), "not")],
)
def test_what_helps_until_the_quiet_hours_end_does_not_help_then(until: time, sent: str) -> None:
    """Due at six, of use until eight. Before an appointment it goes out the evening before."""
    due, clinic = datetime(2030, 1, 7, 6, tzinfo=UTC), quiet(time(21), until)
    utc, at = ZoneInfo("UTC"), datetime(2030, 1, 1, tzinfo=UTC)
    starts_at = due + 3 * HOUR

    after = window(due, 2 * HOUR, clinic=clinic, zone=utc, at=at)
    before = window(due, 9 * HOUR, clinic=clinic, zone=utc, at=at, starts_at=starts_at)

    assert after
    assert before
    assert after.is_missed is (sent == "not")
    assert not before.is_missed
    assert (before.due_at.date() < due.date()) is (sent == "not")


def test_in_the_last_hour_nothing_helps() -> None:
    starts_at = datetime(2030, 1, 7, 12, tzinfo=UTC)
    due = starts_at - 2 * DAY

    def found(at: datetime) -> bool:
        return (
            window(due, 3 * DAY, clinic=NIGHT, zone=BERLIN, at=at, starts_at=starts_at) is not None
        )

    assert found(starts_at - ON_THE_WAY - MINUTE)
    assert not found(starts_at - ON_THE_WAY)


def test_a_clock_that_is_put_back_can_be_quiet_twice_a_night() -> None:
    """Berlin, 28 Oct 2029: 02:30 comes twice. Quiet until 02:30, it is quiet again at the second
    two o'clock, and the next allowed minute is half an hour later, not a day."""
    clinic = quiet(time(22), time(2, 30))
    second_two = datetime(2029, 10, 28, 1, tzinfo=UTC)

    assert in_quiet_hours(second_two, clinic, BERLIN)
    assert next_allowed(second_two, clinic, BERLIN) == second_two + 30 * MINUTE


def test_a_clock_that_skips_the_end_of_the_quiet_hours_ends_them_at_the_skip() -> None:
    """Berlin, 25 Mar 2029: after 01:59 comes 03:00, so 02:30 has passed."""
    clinic = quiet(time(22), time(2, 30))
    due = datetime(2029, 3, 25, 0, 30, tzinfo=UTC)

    assert next_allowed(due, clinic, BERLIN) == datetime(2029, 3, 25, 1, tzinfo=UTC)


@cache
def transitions(name: str) -> list[datetime]:
    """The moments between 2026 and 2031 at which the clock of a zone is put forward or back."""
    zone, found = ZoneInfo(name), []
    day = datetime(2026, 1, 1, tzinfo=UTC)
    while day < datetime(2031, 1, 1, tzinfo=UTC):
        if day.astimezone(zone).utcoffset() != (day + 9 * DAY).astimezone(zone).utcoffset():
            low, high = day, day + 9 * DAY
            while high - low > MINUTE:
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(second=0, microsecond=0))
        day += 9 * DAY
    return found


TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
CLINICS = st.one_of(
    st.just(NIGHT), st.just(quiet(time(21), time(8))), st.builds(quiet, TIMES, TIMES)
)
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2036, 1, 1), timezones=st.just(UTC)
)


@settings(max_examples=200)
@given(at=MOMENTS, name=st.sampled_from(ZONES), clinic=CLINICS)
@example(
    at=datetime(2029, 10, 28, 1, tzinfo=UTC),
    name="Europe/Berlin",
    clinic=quiet(time(22), time(2, 30)),
)
def test_the_next_allowed_minute_is_allowed_and_the_first_such(
    at: datetime, name: str, clinic: Clinic
) -> None:
    zone = ZoneInfo(name)

    moved = next_allowed(at, clinic, zone)
    before = evening_before(at, clinic, zone)

    assert not in_quiet_hours(moved, clinic, zone)
    assert not in_quiet_hours(before, clinic, zone)
    assert at <= moved <= at + timedelta(hours=26)
    assert before <= at
    if moved > at:
        assert in_quiet_hours(moved - MINUTE, clinic, zone) or moved - MINUTE < at


@pytest.mark.parametrize("minutes", [-90, -1, 0, 29, 61])
def test_around_every_change_of_every_clock_nothing_is_moved_into_quiet_hours(
    minutes: int,
) -> None:
    """All zones, each change of the clock, with quiet hours that begin and end inside it."""
    odd = [((22, 0), (2, 30)), ((1, 30), (3, 0)), ((0, 0), (1, 0))]
    clinics = [NIGHT, *(quiet(time(*start), time(*end)) for start, end in odd)]
    checked = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in transitions(name)[:4]:
            at = change + minutes * MINUTE
            for clinic in clinics:
                assert not in_quiet_hours(next_allowed(at, clinic, zone), clinic, zone), name
                assert not in_quiet_hours(evening_before(at, clinic, zone), clinic, zone), name
                checked += 1
    assert checked > 2_500


@settings(max_examples=200)
@given(
    at=MOMENTS,
    name=st.sampled_from(ZONES),
    clinic=CLINICS,
    ahead=st.timedeltas(min_value=timedelta(0), max_value=10 * DAY),
    before=st.sampled_from([2 * HOUR, 2 * DAY, 7 * DAY]),
    useful=st.sampled_from([HOUR, DAY, 5 * DAY]),
)
def test_no_reminder_is_planned_into_quiet_hours_or_too_late_to_help(
    at: datetime,
    name: str,
    clinic: Clinic,
    ahead: timedelta,
    before: timedelta,
    useful: timedelta,
) -> None:
    zone, starts_at = ZoneInfo(name), at + ahead

    found = window(starts_at - before, useful, clinic=clinic, zone=zone, at=at, starts_at=starts_at)

    if found is None:
        assert min(starts_at - before + useful, starts_at - ON_THE_WAY) <= at
    elif not found.is_missed:
        assert not in_quiet_hours(found.due_at, clinic, zone)
        assert at <= found.due_at < found.expires_at <= starts_at - ON_THE_WAY
    else:  # truly no minute was left
        moment = at
        while moment < found.expires_at:
            assert in_quiet_hours(moment, clinic, zone) or moment < starts_at - before
            moment += 7 * MINUTE
