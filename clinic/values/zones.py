"""Whose clock a time is on, in words: “Berlin time”, “hora de Berlín”.

The place is the city that the IANA database names the zone after; nobody knows zones by letters.
"""

from contextvars import ContextVar
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext, pgettext_lazy

# Whether who reads works on more than one clock (clinic.http.middleware.common).
several: ContextVar[bool] = ContextVar("several", default=False)

# Where some language has a name of its own, or an accent that the IANA database leaves out.
CITIES = [
    pgettext_lazy("city", "Algiers"),
    pgettext_lazy("city", "Amsterdam"),
    pgettext_lazy("city", "Asuncion"),
    pgettext_lazy("city", "Athens"),
    pgettext_lazy("city", "Azores"),
    pgettext_lazy("city", "Bahia"),
    pgettext_lazy("city", "Belgrade"),
    pgettext_lazy("city", "Berlin"),
    pgettext_lazy("city", "Bogota"),
    pgettext_lazy("city", "Brussels"),
    pgettext_lazy("city", "Bucharest"),
    pgettext_lazy("city", "Cairo"),
    pgettext_lazy("city", "Canary"),
    pgettext_lazy("city", "Cancun"),
    pgettext_lazy("city", "Copenhagen"),
    pgettext_lazy("city", "Cordoba"),
    pgettext_lazy("city", "Damascus"),
    pgettext_lazy("city", "Dublin"),
    pgettext_lazy("city", "Havana"),
    pgettext_lazy("city", "Istanbul"),
    pgettext_lazy("city", "Jerusalem"),
    pgettext_lazy("city", "Kyiv"),
    pgettext_lazy("city", "Lisbon"),
    pgettext_lazy("city", "Ljubljana"),
    pgettext_lazy("city", "London"),
    pgettext_lazy("city", "Los Angeles"),
    pgettext_lazy("city", "Luxembourg"),
    pgettext_lazy("city", "Mazatlan"),
    pgettext_lazy("city", "Merida"),
    pgettext_lazy("city", "Mexico City"),
    pgettext_lazy("city", "Monaco"),
    pgettext_lazy("city", "Moscow"),
    pgettext_lazy("city", "New York"),
    pgettext_lazy("city", "Panama"),
    pgettext_lazy("city", "Paris"),
    pgettext_lazy("city", "Prague"),
    pgettext_lazy("city", "Reykjavik"),
    pgettext_lazy("city", "Rome"),
    pgettext_lazy("city", "Sao Paulo"),
    pgettext_lazy("city", "Seoul"),
    pgettext_lazy("city", "Shanghai"),
    pgettext_lazy("city", "Singapore"),
    pgettext_lazy("city", "Sofia"),
    pgettext_lazy("city", "Stockholm"),
    pgettext_lazy("city", "Sydney"),
    pgettext_lazy("city", "Tallinn"),
    pgettext_lazy("city", "Tehran"),
    pgettext_lazy("city", "Tokyo"),
    pgettext_lazy("city", "Tunis"),
    pgettext_lazy("city", "Vienna"),
    pgettext_lazy("city", "Vilnius"),
    pgettext_lazy("city", "Warsaw"),
    pgettext_lazy("city", "Zurich"),
]


def place_of(zone: ZoneInfo | str) -> str:
    """The city that a zone is named after: “Casablanca” of Africa/Casablanca."""
    city = str(zone).rpartition("/")[2].replace("_", " ")
    return pgettext("city", city)


def clock_of(zone: ZoneInfo | str) -> str:
    """“Berlin time”. What has no place is named as it is: “UTC”, “GMT+3” of Etc/GMT-3."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return _without_place(name)
    return gettext("{place} time").format(place=place_of(zone))


def _without_place(name: str) -> str:
    """The signs of Etc/GMT-3 are the wrong way round: it is three hours ahead of Greenwich."""
    short = name.removeprefix("Etc/")
    return short.translate(str.maketrans("+-", "-+")) if short.startswith("GMT") else short


def whose_clock(told: ZoneInfo, reader: ZoneInfo) -> str:
    """“ (Berlin time)” behind a time that is told on another clock than the reader's, else ""."""
    return "" if told.key == reader.key else f" ({clock_of(told)})"


def suffix(zone: ZoneInfo) -> str:
    """“ (Berlin time)” behind a time, for who works on more than one clock."""
    return f" ({clock_of(zone)})" if several.get() else ""


def on_clock(moment: datetime, zone: ZoneInfo) -> str:
    """“7 Jan 2030 10:00”, with whose clock that is for who works on more than one."""
    return f"{date_format(moment.astimezone(zone), 'j M Y H:i')}{suffix(zone)}"
