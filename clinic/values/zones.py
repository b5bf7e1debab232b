"""Whose clock a time is on, in words: “Berlin time”, “hora de Berlín”.

The place is the city that the IANA database names the zone after; nobody knows zones by letters.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo

CLOCK = {"en": "{place} time", "es": "hora de {place}"}
# Where Spanish has a name of its own, or an accent that the IANA database leaves out.
SPANISH = {
    "Algiers": "Argel",
    "Amsterdam": "Ámsterdam",
    "Asuncion": "Asunción",
    "Athens": "Atenas",
    "Azores": "las Azores",
    "Bahia": "Bahía",
    "Belgrade": "Belgrado",
    "Berlin": "Berlín",
    "Bogota": "Bogotá",
    "Brussels": "Bruselas",
    "Bucharest": "Bucarest",
    "Cairo": "El Cairo",
    "Canary": "Canarias",
    "Cancun": "Cancún",
    "Copenhagen": "Copenhague",
    "Cordoba": "Córdoba",
    "Damascus": "Damasco",
    "Dublin": "Dublín",
    "Havana": "La Habana",
    "Istanbul": "Estambul",
    "Jerusalem": "Jerusalén",
    "Kyiv": "Kiev",
    "Lisbon": "Lisboa",
    "Ljubljana": "Liubliana",
    "London": "Londres",
    "Los Angeles": "Los Ángeles",
    "Luxembourg": "Luxemburgo",
    "Mazatlan": "Mazatlán",
    "Merida": "Mérida",
    "Mexico City": "Ciudad de México",
    "Monaco": "Mónaco",
    "Moscow": "Moscú",
    "New York": "Nueva York",
    "Panama": "Panamá",
    "Paris": "París",
    "Prague": "Praga",
    "Reykjavik": "Reikiavik",
    "Rome": "Roma",
    "Sao Paulo": "São Paulo",
    "Seoul": "Seúl",
    "Shanghai": "Shanghái",
    "Singapore": "Singapur",
    "Sofia": "Sofía",
    "Stockholm": "Estocolmo",
    "Sydney": "Sídney",
    "Tallinn": "Tallin",
    "Tehran": "Teherán",
    "Tokyo": "Tokio",
    "Tunis": "Túnez",
    "Vienna": "Viena",
    "Vilnius": "Vilna",
    "Warsaw": "Varsovia",
    "Zurich": "Zúrich",
}


def place_of(zone: ZoneInfo | str, language: str = "en") -> str:
    """The city that a zone is named after: “Casablanca” of Africa/Casablanca."""
    city = str(zone).rpartition("/")[2].replace("_", " ")
    return SPANISH.get(city, city) if language == "es" else city


@lru_cache(maxsize=1024)
def clock_of(zone: ZoneInfo | str, language: str = "en") -> str:
    """“Berlin time”. What has no place is named as it is: “UTC”, “GMT+3” of Etc/GMT-3."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return _without_place(name)
    return CLOCK.get(language, CLOCK["en"]).format(place=place_of(zone, language))


def _without_place(name: str) -> str:
    """The signs of Etc/GMT-3 are the wrong way round: it is three hours ahead of Greenwich."""
    short = name.removeprefix("Etc/")
    return short.translate(str.maketrans("+-", "-+")) if short.startswith("GMT") else short


def whose_clock(told: ZoneInfo, reader: ZoneInfo, language: str = "en") -> str:
    """“ (Berlin time)” behind a time that is told on another clock than the reader's, else ""."""
    return "" if told.key == reader.key else f" ({clock_of(told, language)})"
