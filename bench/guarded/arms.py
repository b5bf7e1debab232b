"""Two ways to do a thing, by turns, at the desk of a small clinic."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench import clinic_of
from bench.clinic_of import SMALL
from bench.servers import connect, databases
from bench.stats import Machine

PATIENTS = 800


@dataclass
class Arm:
    """Seconds of each request: of the wall clock, and of what Python and its process of PostgreSQL
    used of the processor, which waits neither for disk nor neighbours."""

    walls: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def wall_ms(self) -> float:
        return 1000 * median(self.walls)

    def cpu_ms(self) -> float:
        return 1000 * median(self.processor)


def run(measure: Callable[[int], bool], rounds: int) -> None:
    """With a database of its own; ends with 1 where a limit is missed."""
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


def desk(*, bookable: int) -> Any:
    """A client of the desk, where there are 800 patients and so many plans to be booked."""
    from django.conf import settings
    from django.test import Client
    from knox.models import AuthToken

    from clinic.models import User

    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            clinic_of.open_site(connection, SMALL, bookable=bookable)
            clinic_of.add_series(connection, SMALL, 0, PATIENTS)
    settings.THROTTLES = {}  # one caller is all desks
    _, token = AuthToken.objects.create(User.objects.get(username=SMALL.desk))
    return Client(headers={"Authorization": f"Token {token}"})


def by_turns(ways: tuple[Callable[[], Any], Callable[[], Any]], rounds: int) -> tuple[Arm, Arm]:
    """Who comes first changes each time; ten of each to warm up."""
    arms = Arm(), Arm()
    backend = Backend()
    for number in range(-10, rounds):
        for arm, act in list(zip(arms, ways, strict=True))[:: 1 if number % 2 else -1]:
            used, began = time.process_time() + backend.used(), time.perf_counter()
            act()
            took = time.perf_counter() - began
            used = time.process_time() + backend.used() - used
            if number >= 0:
                arm.walls.append(took)
                arm.processor.append(used)
    return arms


def told(without: Arm, more: Arm) -> str:
    return (
        f"{without.wall_ms():.2f} → {more.wall_ms():.2f} ms"
        f" (+{more.wall_ms() - without.wall_ms():.2f}); CPU {without.cpu_ms():.2f} →"
        f" {more.cpu_ms():.2f} ms (+{more.cpu_ms() - without.cpu_ms():.2f})"
    )


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
