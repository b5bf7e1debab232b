"""What somebody typed to find a patient, taken apart: names, mailboxes and numbers.

Nothing is refused here: what could be two things is both. Names are folded by the database.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from clinic.values.dates import EARLIEST, LATEST, Days, days_of, split_dates

LONGEST = 100  # characters that are read
_MAILBOX = re.compile(r"[^\s,;<>@]+@[^\s,;<>@]*")
_NUMBER = re.compile(r"(?<!\w)(?:\+\s*)?\(?\d[\d\s()./–-]*(?!\w)")
_YEAR_FIRST = re.compile(r"((?:19|20)\d\d)\s+(?=[0+(])")  # 1988 0151 2345


@dataclass(frozen=True)
class Number:
    """Digits, which may be of a telephone number, of a birth date, or of a name."""

    digits: str
    starts: frozenset[str]  # of a telephone number without its country's code and zeros
    ends: frozenset[str]
    born: tuple[Days, ...]


@dataclass
class Typed:
    names: str
    mailboxes: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    born: list[date] = field(default_factory=list)


def read(text: str) -> Typed:
    typed = Typed(text[:LONGEST])

    def mailbox(found: "re.Match[str]") -> str:
        typed.mailboxes.append(found[0].lower())
        return " "

    def number(found: "re.Match[str]") -> str:
        written = found[0].strip()
        if year := _YEAR_FIRST.match(written):
            typed.numbers.append(_number(year[1]))
            written = written[year.end() :]
        typed.numbers.append(_number(written))
        return " "

    typed.names = _MAILBOX.sub(mailbox, typed.names)
    typed.born, typed.names = split_dates(typed.names)
    typed.names = _NUMBER.sub(number, typed.names)
    return typed


def _number(written: str) -> Number:
    digits = _digits(written)
    starts, ends = {digits.lstrip("0")}, {digits}
    if "+" in written or digits.startswith("00"):
        abroad = _digits(written.replace("(0)", "")).lstrip("0")
        starts, ends = {_national(abroad)}, {abroad}
    elif len(digits) >= 7:
        starts.add(_national(digits))
    return Number(
        digits,
        starts=frozenset(starts - {""}),
        ends=frozenset(ends - {""}),
        born=tuple(_born(written, digits)),
    )


def _born(written: str, digits: str) -> Iterator[Days]:
    """A year, or a day as in 19901231 and 31121990."""
    if year := days_of(written):
        yield year
    if len(digits) == 8:
        for iso in (digits, digits[4:] + digits[2:4] + digits[:2]):
            with suppress(ValueError):
                day = date.fromisoformat(iso)
                if EARLIEST <= day <= LATEST:
                    yield Days(day, day)


def _national(digits: str) -> str:
    """Without the country's code and the zeros that follow on it, as `national_digits` does."""
    for length in (1, 2, 3):
        if digits and int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[length:].lstrip("0")
    return digits


def _digits(written: str) -> str:
    return "".join(str(int(sign)) for sign in written if sign.isdecimal())
