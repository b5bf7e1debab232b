"""When a message is due: offsets on the patient's wall clock, and quiet hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from clinic.models import Clinic
from clinic.wallclock import instant, later

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def due_at(anchor: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant `offset` after (or before) the anchor on the wall clock in `zone`.

    In a hurried demo a day of the sequence lasts `settings.DAY_SECONDS`.
    """
    hurry: float = settings.DAY_SECONDS / DAY.total_seconds()
    if hurry != 1:
        return anchor + offset * hurry
    return later(anchor, offset, zone)


def in_quiet_hours(at: datetime, clinic: Clinic, zone: ZoneInfo) -> bool:
    """Whether the wall clock in `zone` is in the clinic's quiet hours [from, until)."""
    now, start, end = at.astimezone(zone).time(), clinic.quiet_from, clinic.quiet_until
    if start <= end:  # within one day; equal times mean none
        return start <= now < end
    return now >= start or now < end


def outside_quiet_hours(
    due: datetime, clinic: Clinic, zone: ZoneInfo, *, latest: datetime | None = None
) -> datetime:
    """`due`, or the next minute that is not quiet.

    If that would come after `latest`, then the last minute before the quiet hours began: a
    reminder for eight in the morning goes out the evening before.
    """
    if not in_quiet_hours(due, clinic, zone):
        return due
    today = due.astimezone(zone).date()
    ends = (instant(day, clinic.quiet_until, zone) for day in (today, today + DAY))
    end = next(moment for moment in ends if moment > due)
    if latest is None or end <= latest:
        return end
    starts = (instant(day, clinic.quiet_from, zone) for day in (today, today - DAY))
    return next(moment for moment in starts if moment <= due) - MINUTE
