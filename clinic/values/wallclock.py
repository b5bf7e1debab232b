"""Times as a clock on the wall shows them.

Instants are stored in UTC; days and hours of the day are counted on the wall clock of a clinic or
a patient: "four weeks later" at 10:00 is 10:00 again, whatever daylight saving did in between.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

LOCAL = "%Y-%m-%dT%H:%M"


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` shows `at` on `day`.

    A time that the clock skips counts as later by what the clock is put forward (its own reading
    of it); of a time that it shows twice, the first is taken.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def add_wallclock(start: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant (UTC) when the wall clock in `zone` has moved on by `offset`, also back."""
    local = start.astimezone(zone).replace(tzinfo=None) + offset
    return local.replace(tzinfo=zone).astimezone(UTC)


def iso_utc(moment: datetime) -> str:
    """An instant as the API writes it: 2030-01-07T09:00:00Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight and the next midnight: [start, end) of a local day, as instants."""
    return instant_of(day, time(0), zone), instant_of(day + timedelta(days=1), time(0), zone)


class Skipped(ValueError):
    """The clock never shows this time; `nearest` are the last one before and the first after."""

    def __init__(self, nearest: tuple[datetime, datetime]) -> None:
        super().__init__(
            gettext(
                "The clock is put forward then and skips this time. The nearest are {before} and "
                "{after}."
            ).format(
                before=f"{nearest[0]:{LOCAL}}",
                after=f"{nearest[1]:{LOCAL}}",
            )
        )
        self.nearest = nearest


class OtherOffset(ValueError):
    """The clock shows this time, but not with this offset; `offsets` are those it has then."""

    def __init__(self, offsets: list[str]) -> None:
        super().__init__(
            gettext("The clock's UTC offset is {offsets} then.").format(
                offsets=gettext(" or ").join(offsets)
            )
        )


class Doubled(ValueError):
    """The clock shows this time twice; `both` are the two, with their offsets."""

    def __init__(self, both: tuple[datetime, datetime]) -> None:
        first, second = (reading.isoformat(timespec="minutes") for reading in both)
        super().__init__(
            gettext(
                "The clock is put back then and shows this time twice. Give the UTC offset too: "
                "{first} or {second}."
            ).format(first=first, second=second)
        )
        self.both = both


def exact_instant(local: datetime, zone: ZoneInfo, *, grid: int = 1) -> datetime:
    """The one instant (UTC) at which the wall clock in `zone` shows `local`, given without offset.

    Raises Skipped, with the nearest times in steps of so many minutes, and Doubled.
    """
    if not _is_shown(local, zone):
        step = timedelta(minutes=grid)
        raise Skipped((_shown_from(local, zone, -step), _shown_from(local, zone, step)))
    shown = readings(local, zone)
    if len(shown) == 2:
        raise Doubled((shown[0], shown[1]))
    return shown[0].astimezone(UTC)


def instant_on_clock(typed: datetime, zone: ZoneInfo, *, grid: int = 1) -> datetime:
    """The instant of a time typed for the wall clock in `zone`, with or without its UTC offset.

    Raises Skipped and Doubled as `exact_instant`, and OtherOffset.
    """
    local = typed.replace(tzinfo=None)
    if typed.tzinfo is None or not _is_shown(local, zone):
        return exact_instant(local, zone, grid=grid)
    if typed.astimezone(zone).replace(tzinfo=None) != local:
        raise OtherOffset(sorted({offset_of(r) for r in readings(local, zone)}, reverse=True))
    return typed.astimezone(UTC)


def readings(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments at which the clock shows `local`: two when it is put back, or only one."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return [first] if first.utcoffset() == second.utcoffset() else [first, second]


def offset_of(moment: datetime) -> str:
    """The UTC offset in words: +02:00."""
    return moment.isoformat()[-6:]


def _is_shown(local: datetime, zone: ZoneInfo) -> bool:
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None, fold=0) == local.replace(fold=0)


def _shown_from(local: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    """The nearest time in the direction of `step` that the clock shows."""
    while not _is_shown(local, zone):
        local += step
    return local


def this_minute(at: datetime) -> datetime:
    """When begins what begins now."""
    return at.replace(second=0, microsecond=0)
