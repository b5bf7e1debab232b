"""What it costs to write accesses down: python -m bench.guarded.accesses [ROUNDS]

By turns with the row of access and without, in one process with commits on: one patient, a day of
80 sessions, a search, and a booking. Medians of each request: of the wall clock, and of what Python
and its process of PostgreSQL used of the processor, which waits neither for disk nor neighbours.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from bench import clinic_of
from bench.booking import load
from bench.clinic_of import BASE, PATIENT, SMALL
from bench.servers import connect, databases
from bench.stats import Machine, table

PATIENTS = 800
READ_LIMIT_MS, BOOKING_LIMIT = 1.0, 0.10


@dataclass
class Arm:
    walls: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def cpu_ms(self) -> float:
        return 1000 * median(self.processor)


def main(rounds: int) -> None:
    with databases(None):
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
        machine = Machine()
        machine.look()
        met = measure(rounds)
        machine.look()
        print(machine.line())
    sys.exit(0 if met else 1)


def measure(rounds: int) -> bool:
    from django.conf import settings
    from django.test import Client
    from knox.models import AuthToken

    from clinic.models import User

    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            clinic_of.open_site(connection, SMALL, bookable=4 * rounds + 40)
            clinic_of.add_series(connection, SMALL, 0, PATIENTS)
    settings.THROTTLES = {}  # one caller is all desks
    desk = User.objects.get(username=SMALL.desk)
    _, token = AuthToken.objects.create(desk)
    client = Client(headers={"Authorization": f"Token {token}"})
    numbers, patient = count(), SMALL.id(PATIENT, 1)

    def get(path: str, **query: str) -> Callable[[], int]:
        return lambda: client.get(path, query).status_code

    def book() -> int:
        body = SMALL.slot(next(numbers))
        return client.post(load.SESSIONS, body, content_type="application/json").status_code

    rows, met = [], True
    for name, act, wanted in (
        ("one patient", get(f"/api/v1/patients/{patient}/"), 200),
        ("day of sessions", get(load.SESSIONS, date=str(BASE), page_size="800"), 200),
        ("search of patients", get("/api/v1/patients/", q="family000001"), 200),
        ("booking", book, 201),
    ):
        without, audited = by_turns(act, rounds, wanted)
        more_ms = 1000 * (median(audited.walls) - median(without.walls))
        more_cpu_ms = audited.cpu_ms() - without.cpu_ms()
        more_cpu = more_cpu_ms / without.cpu_ms()
        is_booking = wanted == 201
        is_met = more_cpu <= BOOKING_LIMIT if is_booking else more_ms <= READ_LIMIT_MS
        met = met and is_met
        limit = f"CPU ≤ {BOOKING_LIMIT:.0%} more" if is_booking else f"≤ {READ_LIMIT_MS} ms more"
        told = (
            f"{1000 * median(without.walls):.2f} → {1000 * median(audited.walls):.2f} ms"
            f" (+{more_ms:.2f}); CPU {without.cpu_ms():.2f} → {audited.cpu_ms():.2f} ms"
            f" (+{more_cpu_ms:.2f}, {more_cpu:+.1%})"
        )
        rows.append((name, limit, told, is_met))
    print(table(rows))
    return met


def by_turns(act: Callable[[], int], rounds: int, wanted: int) -> tuple[Arm, Arm]:
    """Without and with; who comes first changes each time."""
    arms = Arm(), Arm()
    backend = Backend()
    for number in range(-10, rounds):  # ten of each to warm up
        for arm in arms if number % 2 else arms[::-1]:
            with nothing_written() if arm is arms[0] else as_it_is():
                used, began = time.process_time() + backend.used(), time.perf_counter()
                status = act()
                took = time.perf_counter() - began
                used = time.process_time() + backend.used() - used
            assert status == wanted, status
            if number >= 0:
                arm.walls.append(took)
                arm.processor.append(used)
    return arms


class Backend:
    """The process of PostgreSQL that serves us."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._stat = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def used(self) -> float:
        """Seconds of the processor."""
        return int(self._stat.read_text().split()[0]) / 1e9


@contextmanager
def as_it_is() -> Iterator[None]:
    yield


@contextmanager
def nothing_written() -> Iterator[None]:
    """Neither the row nor what is put together for it."""
    from clinic.http.audited import Audited

    kept: Any = Audited.record
    Audited.record = lambda self, request, answer: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        Audited.record = kept  # type: ignore[method-assign]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
