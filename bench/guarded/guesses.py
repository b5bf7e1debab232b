"""Whether guessing slows what the others do: python -m bench.guarded.guesses [SECONDS] [ROUNDS]

Ten thousand log-ins in a quarter of an hour come from 200 addresses, for 50 names of people and of
nobody, while one desk reads a day of sessions; by turns with the same reading without guessers.
Answers of the guessed log-ins are counted: 401 was let through to a check of a password, 429 not.
"""

import http.client
import json
import os
import sys
import threading
from collections import Counter
from itertools import count
from statistics import median
from typing import Any

from bench import clinic_of
from bench.booking import load
from bench.clinic_of import BASE, SMALL
from bench.roles import gunicorn
from bench.servers import HOST, connect, databases
from bench.stats import Machine, Result, growth, table

GUESSERS, ADDRESSES, NAMES, PATIENTS = 4, 200, 50, 800
A_SECOND = 10_000 / 900  # ten thousand in a quarter of an hour
LIMIT = 2.0  # times as long
GUESSES = count()


def main(seconds: float, rounds: int) -> None:
    with databases(None):
        os.environ["TRUSTED_PROXIES"] = HOST
        token = prepare()
        machine = Machine()
        machine.look()
        with gunicorn("clinic") as web:
            quiet, attacked, answers = measure(web.port, token, seconds, rounds)
        machine.look()
    slower = growth(quiet, attacked)
    calm, busy = (median(one.ms(95) for one in results) for results in (quiet, attacked))
    told = f"p50 {slower:.2f} times, p95 {calm:.0f} → {busy:.0f} ms"
    print(table([("a day's list beside guessers", f"≤ {LIMIT} times", told, slower <= LIMIT)]))
    print(f"{sum(answers.values())} guesses: {dict(answers)}")
    print(machine.line())
    sys.exit(0 if slower <= LIMIT else 1)


def prepare() -> str:
    """Fifty names, every other one of somebody, and the desk's token."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from knox.models import AuthToken

    from clinic.models import Role, User

    call_command("migrate", verbosity=0)
    call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            clinic_of.open_site(connection, SMALL, bookable=10)
            clinic_of.add_series(connection, SMALL, 0, PATIENTS)
    hashed = make_password("what nobody guesses here")
    User.objects.bulk_create(
        User(username=f"name-{number}", role=Role.RECEPTIONIST, password=hashed)
        for number in range(0, NAMES, 2)
    )
    return str(AuthToken.objects.create(User.objects.get(username=SMALL.desk))[1])


def measure(
    port: int, token: str, seconds: float, rounds: int
) -> tuple[list[Result], list[Result], Counter[int]]:
    quiet: list[Result] = []
    attacked: list[Result] = []
    answers: Counter[int] = Counter()
    door = load.Door.with_token(port, token)
    read = load.reading(load.SESSIONS, date=str(BASE), page_size="800")
    load.hammer(door, read, clients=1, seconds=seconds)  # to warm up
    for _ in range(rounds):
        quiet.append(load.hammer(door, read, clients=1, seconds=seconds))
        ended = threading.Event()
        guessers = [
            threading.Thread(target=guess, args=(port, ended, answers)) for _ in range(GUESSERS)
        ]
        for thread in guessers:
            thread.start()
        attacked.append(load.hammer(door, read, clients=1, seconds=seconds))
        ended.set()
        for thread in guessers:
            thread.join(30)
    return quiet, attacked, answers


def guess(port: int, ended: Any, answers: Counter[int]) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    while not ended.is_set():
        number = next(GUESSES)
        address = number % ADDRESSES
        body = {"username": f"name-{number % NAMES}", "password": f"guess {number}"}
        headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": f"198.51.{100 + address // 100}.{1 + address % 100}",
        }
        connection.request("POST", "/api/v1/auth/login/", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] += 1
        ended.wait(GUESSERS / A_SECOND)
    connection.close()


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:]]
    main(given[0] if given else 10, int(given[1]) if len(given) > 1 else 5)
