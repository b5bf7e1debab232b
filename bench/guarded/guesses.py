"""Whether guessing slows what the others do: python -m bench.guarded.guesses [--whole]

Ten thousand log-ins in a quarter of an hour come from 200 addresses, for 50 names, while one desk
reads a day of sessions. Answers of guessed log-ins are counted: 401 was let through to a check of a
password, 429 not.

Without --whole the first seconds of such an attack, which are its worst, by turns with the same
reading without guessers; what was counted is forgotten after each turn. With --whole all of it, in
a quarter of an hour: how often a name was let through in any fifteen minutes, and how late each of
the 50 came in meanwhile, every other one from a known network, the rest from a known device.
"""

import argparse
import http.client
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Any

from bench import clinic_of
from bench.booking import load
from bench.clinic_of import BASE, SMALL
from bench.roles import gunicorn
from bench.servers import HOST, connect, databases
from bench.stats import Machine, table

GUESSERS, ADDRESSES, NAMES, PATIENTS = 4, 200, 50, 800
GUESSES, QUARTER = 10_000, 900.0
TURN, TURNS = 10.0, 5
SLOWER, TRIES, LATE = 2.0, 5, 10.0  # times as long, in a quarter of an hour, seconds
AT_THE_CLINIC, AT_HOME = "203.0.113.7", "203.0.113.8"
PASSWORD = "what nobody guesses here"


@dataclass
class Attack:
    """What came of it: statuses, and when a name was let through to a check."""

    answers: Counter[int] = field(default_factory=Counter)
    checks: dict[str, list[float]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def most(self) -> int:
        """Of one name, in any quarter of an hour."""
        return max(
            sum(first <= one < first + QUARTER for one in times)
            for times in self.checks.values()
            for first in times
        )


def main(whole: bool) -> None:
    with databases(None):
        os.environ["TRUSTED_PROXIES"] = HOST
        token, devices = prepare()
        machine = Machine()
        machine.look()
        with gunicorn("clinic") as web:
            door = load.Door.with_token(web.port, token)
            rows = whole_attack(door, devices) if whole else by_turns(door)
        machine.look()
    print(table(rows))
    print(machine.line())
    sys.exit(0 if all(is_met for *_, is_met in rows) else 1)


def prepare() -> tuple[str, list[str]]:
    """Fifty people, the desk's token, and what a device of each of them shows."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.utils import timezone
    from knox.models import AuthToken

    from clinic.accounts.guessing import device_of
    from clinic.models import KnownNetwork, Role, User

    call_command("migrate", verbosity=0)
    call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            clinic_of.open_site(connection, SMALL, bookable=10)
            clinic_of.add_series(connection, SMALL, 0, PATIENTS)
    hashed = make_password(PASSWORD)
    people = [
        User.objects.create(username=name_of(number), role=Role.RECEPTIONIST, password=hashed)
        for number in range(NAMES)
    ]
    KnownNetwork.objects.bulk_create(
        KnownNetwork(user=user, network=f"{AT_THE_CLINIC}/32", last_at=timezone.now())
        for user in people
    )
    token = AuthToken.objects.create(User.objects.get(username=SMALL.desk))[1]
    return str(token), [device_of("", user) for user in people]


def name_of(number: int) -> str:
    """Each name from each address, once in ten thousand."""
    return f"name-{(number + number // ADDRESSES) % NAMES}"


def by_turns(door: load.Door) -> list[tuple[str, str, str, bool]]:
    attack, slower, p95 = Attack(), [], []
    read(door, TURN)  # to warm up
    for _ in range(TURNS):
        calm = read(door, TURN)
        with under(attack, door.port):
            busy = read(door, TURN)
        with connect() as connection:
            connection.execute("DELETE FROM clinic_login_tries")
        slower.append(busy.ms(50) / calm.ms(50))
        p95.append((calm.ms(95), busy.ms(95)))
    calm_ms, busy_ms = (median(one) for one in zip(*p95, strict=True))
    told = f"p50 {median(slower):.2f} times, p95 {calm_ms:.0f} → {busy_ms:.0f} ms"
    print(f"{sum(attack.answers.values())} guesses: {dict(attack.answers)}")
    name = "a day's list beside the first guesses"
    return [(name, f"≤ {SLOWER} times", told, median(slower) <= SLOWER)]


def whole_attack(door: load.Door, devices: list[str]) -> list[tuple[str, str, str, bool]]:
    attack = Attack()
    read(door, TURN)  # to warm up
    calm = median(read(door, TURN).ms(50) for _ in range(TURNS))
    with under(attack, door.port):
        comers = threading.Thread(target=come_in, args=(door.port, devices, attack.waits))
        comers.start()
        began, turns = time.monotonic(), []
        while time.monotonic() < began + QUARTER:
            turns.append(read(door, TURN).ms(50) / calm)
        comers.join()
    tried, worst, late = sum(attack.answers.values()), max(turns), max(attack.waits)
    print(f"{tried} guesses: {dict(attack.answers)}")
    in_all = f"{attack.most()} of {tried:,} guesses at {len(attack.checks)} names"
    came = f"{len(attack.waits)} of {NAMES}, {late:.1f} s at the most"
    told = f"{median(turns):.2f} times, {worst:.2f} in its worst ten seconds"
    return [
        ("checks of a name in 15 minutes", f"≤ {TRIES}", in_all, attack.most() <= TRIES),
        ("its owner comes in", f"≤ {LATE:.0f} s", came, late <= LATE),
        ("a day's list, p50", f"≤ {SLOWER} times", told, worst <= SLOWER),
    ]


def read(door: load.Door, seconds: float) -> Any:
    work = load.reading(load.SESSIONS, date=str(BASE), page_size="800")
    return load.hammer(door, work, clients=1, seconds=seconds)


@contextmanager
def under(attack: Attack, port: int) -> Iterator[None]:
    """Guessed at evenly, ten thousand in a quarter of an hour."""
    ended, numbers = threading.Event(), count()
    threads = [
        threading.Thread(target=guess, args=(port, ended, numbers.__next__, attack))
        for _ in range(GUESSERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)


def guess(port: int, ended: threading.Event, number_of: Callable[[], int], attack: Attack) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    pace = GUESSERS * QUARTER / GUESSES
    due = time.monotonic()
    while not ended.wait(max(0.0, due - time.monotonic())):
        due += pace
        number = number_of()
        of_network = number % ADDRESSES
        address = f"198.51.{100 + of_network // 100}.{1 + of_network % 100}"
        body = {"username": name_of(number), "password": f"guess {number}"}
        status, _ = log_in(connection, address, body)
        attack.answers[status] += 1
        if status == 401:
            attack.checks.setdefault(name_of(number), []).append(time.monotonic())
    connection.close()


def come_in(port: int, devices: list[str], waits: list[float]) -> None:
    """One after the other through the whole attack; whoever is told to wait does as told."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    began = time.monotonic()
    for number, device in enumerate(devices):
        time.sleep(max(0.0, began + number * QUARTER / NAMES - time.monotonic()))
        body = {"username": name_of(number), "password": PASSWORD}
        if number % 2:
            body["device_token"] = device
        asked = time.monotonic()
        while True:
            connection.close()  # it was silent for too long
            status, retry_after = log_in(connection, AT_HOME if number % 2 else AT_THE_CLINIC, body)
            if status != 429:
                break
            time.sleep(retry_after)
        assert status == 200, status
        waits.append(time.monotonic() - asked)


def log_in(
    connection: http.client.HTTPConnection, address: str, body: dict[str, str]
) -> tuple[int, float]:
    """The status, and for how long one is to wait."""
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    connection.request("POST", "/api/v1/auth/login/", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, float(answer.headers.get("Retry-After") or 0)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--whole", action="store_true")
    main(options.parse_args().whole)
