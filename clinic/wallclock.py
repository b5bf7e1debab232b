"""Times as a clock on the wall shows them.

Instants are stored in UTC; days and hours of the day are counted on the wall clock of a clinic or
a patient: "four weeks later" at 10:00 is 10:00 again, whatever daylight saving did in between.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` shows `at` on `day`.

    A time that the clock skips counts as later by what the clock is put forward (its own reading
    of it); of a time that it shows twice, the first is taken.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def later(start: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` has moved on by `offset`, also back."""
    local = start.astimezone(zone).replace(tzinfo=None) + offset
    return local.replace(tzinfo=zone).astimezone(UTC)


def iso_utc(moment: datetime) -> str:
    """An instant as the API writes it: 2030-01-07T09:00:00Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight and the next midnight: [start, end) of a local day, as instants."""
    return instant(day, time(0), zone), instant(day + timedelta(days=1), time(0), zone)


class Skipped(ValueError):
    """The clock never shows this time; `nearest` are the last one before and the first after."""

    def __init__(self, nearest: tuple[datetime, datetime]) -> None:
        super().__init__(
            "The clock is put forward then and skips this time. "
            f"The nearest are {nearest[0]:%Y-%m-%dT%H:%M} and {nearest[1]:%Y-%m-%dT%H:%M}."
        )
        self.nearest = nearest


class Doubled(ValueError):
    """The clock shows this time twice; `both` are the two, with their offsets."""

    def __init__(self, both: tuple[datetime, datetime]) -> None:
        first, second = (reading.isoformat(timespec="minutes") for reading in both)
        super().__init__(
            "The clock is put back then and shows this time twice. "
            f"Give the UTC offset too: {first} or {second}."
        )
        self.both = both


def exact_instant(local: datetime, zone: ZoneInfo, *, grid: int = 1) -> datetime:
    """The one instant (UTC) at which the wall clock in `zone` shows `local`, given without offset.

    Raises Skipped, with the nearest times in steps of so many minutes, and Doubled.
    """
    if not _is_shown(local, zone):
        step = timedelta(minutes=grid)
        raise Skipped((_shown_from(local, zone, -step), _shown_from(local, zone, step)))
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise Doubled((first, second))
    return first.astimezone(UTC)


def _is_shown(local: datetime, zone: ZoneInfo) -> bool:
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None, fold=0) == local.replace(fold=0)


def _shown_from(local: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    """The nearest time in the direction of `step` that the clock shows."""
    while not _is_shown(local, zone):
        local += step
    return local
