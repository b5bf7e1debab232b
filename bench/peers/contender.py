"""Whoever takes part: where it is asked, what is asked of it, and whose work that is."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta

import psutil

from bench.booking.load import Door, Work

PEOPLE, CUSTOMERS, OLD = 20, 20_000, 60_000  # practitioners, patients, bookings that are there
HOURS = range(9, 18)


@dataclass
class Contender:
    name: str
    door: Door
    roles: dict[str, list[psutil.Process]]
    first: Work  # a booking of a patient who has none
    again: Work  # of one who has one
    rush: Callable[[int], Sequence[Work]]  # so many clients who want one slot
    in_rush: Callable[[], int]  # bookings of that slot that stand in the database
    said: dict[str, str]  # what it does with a booking, and what not
    stock: Callable[[int], None] = lambda _: None  # let so many patients have a booking
    working: Callable[[], AbstractContextManager[object]] = nullcontext  # what runs only meanwhile
    settle: Callable[[], None] = lambda: None  # until what its bookings have caused is done


def slot_of(number: int) -> tuple[int, date, int]:
    """Person, day and hour of a slot of its own."""
    rest, person = divmod(number, PEOPLE)
    days, hour = divmod(rest, len(HOURS))
    return person, date.today() + timedelta(days=7 + days), HOURS[hour]  # noqa: DTZ011
