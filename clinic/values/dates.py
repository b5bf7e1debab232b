"""Dates and times of day as people write them, of which none can be misread.

03/04/1990 is a day in March to one reader and a day in April to another, and 3.4.90 lies in one
of two centuries: neither is read. What is: 1990-04-03, 3 Apr 1990, 3 de abril de 1990 and
03.04.1990.
"""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta, timezone

from django.utils.translation import gettext

EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
EXAMPLES = "1990-04-03, 3 Apr 1990 or 03.04.1990"

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MESES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_MONTH_OF = {
    word: number
    for names in (MONTHS, MESES)
    for number, name in enumerate(names, 1)
    for word in (name, name[:3])
} | dict.fromkeys(("sept", "setiembre", "set"), 9)

_YEAR = r"(?P<year>[0-9]{4})"
_FORMS = (
    rf"{_YEAR}-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})",
    rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}",
    rf"(?P<day>[0-9]{{1,2}})\.?[ ]+(?:de[ ]+)?(?P<word>{'|'.join(_MONTH_OF)})\.?"
    rf"[ ]+(?:del?[ ]+)?{_YEAR}",
)
_DATES = [re.compile(form, re.IGNORECASE) for form in _FORMS]
# In a longer text a date stands by itself: the 1988 in +49 151 1988 55 is in nobody's birth date.
_ALONE = r"(?<![^\s,;]){}(?![^\s,;])"
_ALL_DATES = [re.compile(_ALONE.format(form), re.IGNORECASE) for form in _FORMS]
_A_YEAR = re.compile(_YEAR)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_OFFSET = re.compile(
    r"(?P<time>.+?) *(?P<sign>[+-])(?P<hours>0[0-9]|1[0-4]):(?P<minutes>[0-5][0-9])"
)


class Unreadable(ValueError):
    """No date, or one that can be misread; says what can be read."""


@dataclass(frozen=True)
class Days:
    """From the first to the last day, both included: one day, or a year."""

    first: date
    last: date


def read_date(text: str) -> date:
    """The day that `text` names. Raises Unreadable, in words for who typed it."""
    text = text.strip()
    for form in _DATES:
        if found := form.fullmatch(text):
            return _day(found)
    raise Unreadable(
        gettext("Write a date as {examples}, so that nobody can misread it.").format(
            examples=EXAMPLES
        )
    )


def read_time(text: str) -> time:
    """The time of day on a clock of 24 hours. Raises Unreadable."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Unreadable(gettext("Write a time as 14:30, on a clock of 24 hours."))
    hour, minute, second = (int(part) for part in found.groups(default="0"))
    return time(hour, minute, second)


def read_time_with_offset(text: str) -> time:
    """The same, with the UTC offset if one is written behind: 02:30 +01:00. Raises Unreadable.

    It tells the two apart that a clock shows when it is put back.
    """
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return read_time(text)
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    return read_time(found["time"]).replace(
        tzinfo=timezone(-offset if found["sign"] == "-" else offset)
    )


def days_of(text: str) -> Days | None:
    """The days that a search term names, such as 2.4.1988 or the year 1988; None if none."""
    text = text.strip()
    if _A_YEAR.fullmatch(text):
        year = int(text)
        if EARLIEST.year <= year <= LATEST.year:
            return Days(date(year, 1, 1), date(year, 12, 31))
        return None
    try:
        day = read_date(text)
    except Unreadable:
        return None
    return Days(day, day)


def split_dates(text: str) -> tuple[list[date], str]:
    """The dates that stand in a search text, and the text without them.

    “Meyer 2 Apr 1988” is the second of April 1988 and “Meyer”. A year by itself stays in the
    text, because it may as well be a part of a number: ask `days_of` for each word.
    """
    days: list[date] = []

    def take(found: "re.Match[str]") -> str:
        try:
            days.append(_day(found))
        except Unreadable:
            return found[0]
        return " "

    for form in _ALL_DATES:
        text = form.sub(take, text)
    return days, " ".join(text.split())


def _day(found: "re.Match[str]") -> date:
    parts = found.groupdict()
    month = _MONTH_OF[parts["word"].lower()] if parts.get("word") else int(parts["month"])
    try:
        day = date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        raise Unreadable(
            gettext("There is no day {day} in the calendar. Write a date as {examples}.").format(
                day=found[0], examples=EXAMPLES
            )
        ) from None
    if not EARLIEST <= day <= LATEST:
        raise Unreadable(
            gettext("The year must be {first} to {last}.").format(
                first=EARLIEST.year, last=LATEST.year
            )
        )
    return day
