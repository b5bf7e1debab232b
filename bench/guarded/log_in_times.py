"""Whether the time of a log-in tells if a name is known.

    python -m bench.guarded.log_in_times [ROUNDS]

Wrong passwords for a known name and for an unknown one, by turns, at both doors, in one process,
with Argon2 as in production. What was counted as a guess is forgotten in between, outside of the
time.
"""

import os
import sys
import time
from statistics import median
from typing import Any

from bench.servers import databases

PASSWORD = "wrong, and as long as a good one"
LIMIT = 5.0  # ms between the medians


def main(rounds: int) -> None:
    with databases(None):
        os.environ["CLINIC_DEMO"] = "false"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        measure(rounds)


def measure(rounds: int) -> None:
    from django.core.cache import cache

    from clinic.models import LoginTries, Role, User

    user = User(username="known", role=Role.RECEPTIONIST, is_staff=True)
    user.set_password("something else altogether")
    user.save()
    for door in (by_api, by_page):
        times: dict[str, list[tuple[float, float]]] = {"known": [], "unknown": []}
        for number in range(rounds + 3):
            for name, found in times.items():
                LoginTries.objects.all().delete()
                cache.clear()
                wall, cpu = time.perf_counter(), time.process_time()
                status = door(name)
                found.append((time.perf_counter() - wall, time.process_time() - cpu))
                assert status in (200, 401), status
            if number == 2:  # what a first request loads
                for found in times.values():
                    found.clear()
        say(door.__name__, times)


def by_api(name: str) -> int:
    typed = {"username": name, "password": PASSWORD}
    answer = client().post("/api/v1/auth/login/", typed, content_type="application/json")
    return int(answer.status_code)


def by_page(name: str) -> int:
    typed = {"username": name, "password": PASSWORD}
    return int(client().post("/admin/login/", typed).status_code)


def client() -> Any:
    from django.conf import settings
    from django.test import Client

    return Client(SERVER_NAME=settings.ALLOWED_HOSTS[0], secure=settings.SECURE)


def say(door: str, times: dict[str, list[tuple[float, float]]]) -> None:
    middle = {
        name: [1000 * median(part) for part in zip(*found, strict=True)]
        for name, found in times.items()
    }
    for name, (wall, cpu) in middle.items():
        print(f"{door}, {name}: {wall:.1f} ms, {cpu:.1f} ms of the processor")
    for index, kind in enumerate(("", " of the processor")):
        both = [one[index] for one in middle.values()]
        apart = max(both) - min(both)
        print(
            f"{door}: medians {apart:.1f} ms{kind} apart ({'<' if apart < LIMIT else '>='} {LIMIT})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
