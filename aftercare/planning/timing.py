"""When a message is due: offsets on the clinic's wall clock, times of day and quiet hours on the
patient's."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from clinic.models import Clinic
from clinic.values.wallclock import add_wallclock, instant_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# Nothing helps in the last hour before an appointment: by then the patient is on the way.
ON_THE_WAY = timedelta(hours=1)
# What goes out the evening before does so half an hour before the quiet hours, not in their last
# minute: a queue that is a little late would lose it.
BEFORE_QUIET = timedelta(minutes=30)


def pace() -> float:
    """How long a day of the sequence lasts, in days. Only a hurried demo changes it."""
    return float(settings.DAY_SECONDS) / DAY.total_seconds()


def due_at(anchor: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant `offset` after (or before) the anchor on the wall clock in `zone`."""
    hurry = pace()
    return add_wallclock(anchor, offset, zone) if hurry == 1 else anchor + offset * hurry


def due_on_day(anchor: datetime, offset: timedelta, at_time: time, zone: ZoneInfo) -> datetime:
    """The instant when the patient's clock, in `zone`, shows `at_time` on the day `offset` later.
    A hurried demo has no times of day."""
    if pace() != 1:
        return due_at(anchor, offset, zone)
    return instant_of((anchor.astimezone(zone) + offset).date(), at_time, zone)


def in_quiet_hours(at: datetime, clinic: Clinic, zone: ZoneInfo) -> bool:
    """Whether the wall clock in `zone` is in the clinic's quiet hours [from, until)."""
    now, start, end = at.astimezone(zone).time(), clinic.quiet_from, clinic.quiet_until
    if start <= end:  # within one day; equal times mean none
        return start <= now < end
    return now >= start or now < end


def next_allowed(due: datetime, clinic: Clinic, zone: ZoneInfo) -> datetime:
    """`due`, or the next full minute that is not quiet.

    In a night in which the clock is put forward or back, it looks at one minute after the other:
    quiet hours can begin and end at odd moments then, twice or never.
    """
    if not in_quiet_hours(due, clinic, zone):
        return due
    moment = _end_of_quiet(due, clinic, zone) or due.replace(second=0, microsecond=0)
    while in_quiet_hours(moment, clinic, zone) or moment < due:
        moment += MINUTE
    return moment


def _end_of_quiet(due: datetime, clinic: Clinic, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours around `due` end, to the minute; None if the clock changes before."""
    local = due.astimezone(zone)
    end = datetime.combine(local, clinic.quiet_until, tzinfo=zone)
    if end <= local:
        end += DAY
    lasts = end - local  # on the wall clock
    hours = range(int(lasts / HOUR) + 2)
    if any((due + hour * HOUR).astimezone(zone).utcoffset() != local.utcoffset() for hour in hours):
        return None
    return (due + lasts).replace(second=0, microsecond=0)


def evening_before(due: datetime, clinic: Clinic, zone: ZoneInfo) -> datetime:
    """Half an hour before the quiet hours that `due` lies in began, or in their last minute."""
    moment = due.replace(second=0, microsecond=0)
    while in_quiet_hours(moment, clinic, zone):
        moment -= MINUTE
    sooner = moment + MINUTE - BEFORE_QUIET
    return moment if in_quiet_hours(sooner, clinic, zone) else sooner


@dataclass(frozen=True)
class Window:
    """From when on a message goes out, and from when on it does not help any more."""

    due_at: datetime
    expires_at: datetime
    is_missed: bool = False  # no hour is left in which it may go out and still helps


def window(
    due: datetime,
    useful_for: timedelta,
    *,
    clinic: Clinic,
    zone: ZoneInfo,
    at: datetime,
    starts_at: datetime | None = None,
    loud_from: datetime | None = None,
) -> Window | None:
    """When a message that is due at `due` may go out, or None if it is too late for it already.

    Before an appointment (`starts_at`) it helps until an hour before it. In quiet hours it waits
    for their end; if it would not help by then, a message before an appointment goes out the
    evening before. If that has passed too, it is missed: somebody should call. From `loud_from`
    on it goes out in quiet hours as well.
    """
    expires = due + useful_for  # in a hurried demo too: its worker is not hurried
    if starts_at is not None:
        expires = min(expires, starts_at - ON_THE_WAY * pace())
    if expires <= at:
        return None
    wanted = max(due, at)
    moment = next_allowed(wanted, clinic, zone)
    if loud_from is not None and moment > loud_from:
        moment = max(wanted, loud_from)
        return Window(moment, expires, is_missed=moment >= expires)
    if moment >= expires and starts_at is not None:
        moment = max(at, evening_before(wanted, clinic, zone))
    if moment >= expires or in_quiet_hours(moment, clinic, zone):
        return Window(wanted, expires, is_missed=True)
    return Window(moment, expires)
