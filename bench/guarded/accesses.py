"""What it costs to write accesses down: python -m bench.guarded.accesses [ROUNDS]

By turns with the row of access and without, in one process with commits on: one patient, a day of
80 sessions, a search, and a booking. Medians of each request (bench.guarded.arms).
"""

import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from bench.booking import load
from bench.clinic_of import BASE, PATIENT, SMALL
from bench.guarded import arms
from bench.stats import table

READ_LIMIT_MS, BOOKING_LIMIT = 1.0, 0.10


def measure(rounds: int) -> bool:
    client = arms.desk(bookable=4 * rounds + 40)
    numbers, patient = count(), SMALL.id(PATIENT, 1)

    def get(path: str, **query: str) -> Callable[[], int]:
        return lambda: client.get(path, query).status_code

    def book() -> int:
        body = SMALL.slot(next(numbers))
        status: int = client.post(load.SESSIONS, body, content_type="application/json").status_code
        return status

    rows, met = [], True
    for name, act, wanted in (
        ("one patient", get(f"/api/v1/patients/{patient}/"), 200),
        ("day of sessions", get(load.SESSIONS, date=str(BASE), page_size="800"), 200),
        ("search of patients", get("/api/v1/patients/", q="family000001"), 200),
        ("booking", book, 201),
    ):
        as_it_is = answered(act, wanted)
        without, audited = arms.by_turns((with_nothing_written(as_it_is), as_it_is), rounds)
        more_cpu = audited.cpu_ms() / without.cpu_ms() - 1
        is_booking = wanted == 201
        is_met = (
            more_cpu <= BOOKING_LIMIT
            if is_booking
            else audited.wall_ms() - without.wall_ms() <= READ_LIMIT_MS
        )
        met = met and is_met
        limit = f"CPU ≤ {BOOKING_LIMIT:.0%} more" if is_booking else f"≤ {READ_LIMIT_MS} ms more"
        rows.append((name, limit, f"{arms.told(without, audited)}, {more_cpu:+.1%}", is_met))
    print(table(rows))
    return met


def answered(act: Callable[[], int], wanted: int) -> Callable[[], None]:
    def checked() -> None:
        status = act()
        assert status == wanted, status

    return checked


def with_nothing_written(act: Callable[[], None]) -> Callable[[], None]:
    """Neither the row nor what is put together for it."""
    from clinic.http.audited import Audited

    kept: Any = Audited.record

    def without() -> None:
        Audited.record = lambda self, request, answer: None  # type: ignore[method-assign]
        try:
            act()
        finally:
            Audited.record = kept  # type: ignore[method-assign]

    return without


if __name__ == "__main__":
    arms.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 300)
