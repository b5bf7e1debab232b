"""What an Idempotency-Key costs: python -m bench.guarded.keys [ROUNDS]

By turns with a new key and without, in one process with commits on: a booking, and a patient who
comes in for the first time. Medians of each request: of the wall clock, and of what Python and its
process of PostgreSQL used of the processor, which waits neither for disk nor neighbours.
"""

import os
import sys
import time
from collections.abc import Callable
from itertools import count
from statistics import median
from typing import Any

from bench import clinic_of
from bench.booking import load
from bench.clinic_of import SMALL
from bench.guarded.accesses import Arm, Backend
from bench.servers import connect, databases
from bench.stats import Machine, table

PATIENTS = 800
LIMIT_MS = 1.0


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
            clinic_of.open_site(connection, SMALL, bookable=2 * rounds + 40)
            clinic_of.add_series(connection, SMALL, 0, PATIENTS)
    settings.THROTTLES = {}  # one caller is all desks
    _, token = AuthToken.objects.create(User.objects.get(username=SMALL.desk))
    client = Client(headers={"Authorization": f"Token {token}"})
    numbers = count()

    def post(url: str, body: Callable[[int], Any]) -> Callable[[bool], None]:
        def send(keyed: bool) -> None:
            number = next(numbers)
            headers = {"Idempotency-Key": f"{url} {number}"} if keyed else {}
            answer = client.post(
                url, body(number), content_type="application/json", headers=headers
            )
            assert answer.status_code == 201, answer.content

        return send

    def somebody(number: int) -> dict[str, Any]:
        return {"given_name": "Ada", "family_name": f"New {number}", "date_of_birth": "1990-05-17"}

    rows, met = [], True
    for name, send in (
        ("booking", post(load.SESSIONS, SMALL.slot)),
        ("new patient", post("/api/v1/patients/", somebody)),
    ):
        without, keyed = by_turns(send, rounds)
        more_ms = 1000 * (median(keyed.walls) - median(without.walls))
        is_met = more_ms <= LIMIT_MS
        met = met and is_met
        told = (
            f"{1000 * median(without.walls):.2f} → {1000 * median(keyed.walls):.2f} ms"
            f" (+{more_ms:.2f}); CPU {without.cpu_ms():.2f} → {keyed.cpu_ms():.2f} ms"
            f" (+{keyed.cpu_ms() - without.cpu_ms():.2f})"
        )
        rows.append((name, f"≤ {LIMIT_MS} ms more", told, is_met))
    print(table(rows))
    return met


def by_turns(send: Callable[[bool], None], rounds: int) -> tuple[Arm, Arm]:
    """Without and with a key; what comes first changes each time."""
    arms = Arm(), Arm()
    backend = Backend()
    for number in range(-10, rounds):  # ten of each to warm up
        for keyed in (False, True) if number % 2 else (True, False):
            used, began = time.process_time() + backend.used(), time.perf_counter()
            send(keyed)
            took = time.perf_counter() - began
            used = time.process_time() + backend.used() - used
            if number >= 0:
                arms[keyed].walls.append(took)
                arms[keyed].processor.append(used)
    return arms


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
