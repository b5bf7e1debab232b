"""Patients who book, come back and move, each in turn, over HTTP: the bodies and their answers."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from bench.booking.load import SESSIONS, Desk, Door, repeat
from bench.clinic_of import Site
from bench.stats import Result

# Weeks from the cycle that is measured, so that a patient's visits are months apart.
FIRST, AGAIN, MOVED = 20, 40, 56
WARM = 96  # six for each thread of four workers


class Course:
    """What one clinic's desks ask for, one after the other, each of a slot of its own."""

    def __init__(self, site: Site, numbers: Iterator[int]) -> None:
        self.site, self.numbers = site, numbers
        self._lock = threading.Lock()
        self._booked: deque[int] = deque()
        self._back: deque[tuple[int, str]] = deque()

    def first(self, desk: Desk) -> int:
        """A patient who never was there."""
        with self._lock:
            number = next(self.numbers)
        status, _ = desk.post(SESSIONS, self.site.slot(number, weeks=FIRST))
        if status == 201:
            self._booked.append(number)
        return status

    def again(self, desk: Desk) -> int:
        """A patient who has a visit ahead already."""
        number = self._booked.popleft()
        status, body = desk.post(SESSIONS, self.site.slot(number, weeks=AGAIN))
        if status == 201:
            self._back.append((number, json.loads(body)["id"]))
        return status

    def move(self, desk: Desk) -> int:
        """The second visit of such a patient, to another day."""
        number, session = self._back.popleft()
        slot: dict[str, Any] = self.site.slot(number, weeks=MOVED)
        status, _ = desk.post(f"{SESSIONS}{session}/reschedule/", {"starts_at": slot["starts_at"]})
        return status

    def cancel(self, desk: Desk) -> int:
        """The second visit of such a patient, given up."""
        _, session = self._back.popleft()
        return desk.post(f"{SESSIONS}{session}/cancel/", {})[0]

    def stock(self, door: Door, *, booked: int = 0, back: int = 0) -> None:
        """Let there be so many patients who can come back, and visits that can be moved."""
        more = max(0, back - len(self._back))
        repeat(door, self.first, max(0, booked + more - len(self._booked)))
        repeat(door, self.again, more)

    def warm(self, door: Door) -> None:
        """Let every thread of every worker have done each of these some times."""
        self.stock(door, back=WARM)
        repeat(door, self.move, WARM // 2)


def enough(first: Result) -> int:
    """Patients for as long a time of what takes no less than a first booking."""
    return round(len(first.times) * 1.3) + 16
