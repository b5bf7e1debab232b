"""A soak: thirty people at work, four requests of five read, for minutes, at both sizes.

Eighty of a hundred requests read (day list, free times, a search, a patient), fifteen book (first
and returning patients), five move or cancel. Each person thinks half a second between two requests.
Worker and beat run as in docker-compose.yml and send to a mail server that takes everything.
"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from bench.booking import load
from bench.booking.course import Course
from bench.booking.data import ALL, FEW, PEOPLE, say
from bench.clinic_of import BASE, BIG, BOOKABLE, PATIENT, PLAN, PRACTITIONER, today
from bench.processes import Memory, memory, metered, postmaster
from bench.roles import celery, gunicorn, takers
from bench.stats import Machine, Result, table, together
from clinic.embedded import Postgres

THINK = 0.5
IDLE = 1.0  # seconds after which nobody relies on an open connection
LATE = 10_000  # numbers of slots that the rest of the bench has not come to
REST = 8.0
STOCK = 250  # patients who come back are drawn as often as new ones come, more or less
GROWN = 1.15  # memory at the end over that at the start
P95 = 250.0  # ms, of any kind of request
Act = Callable[[load.Desk], int]


def mixture(course: Course) -> dict[str, list[Act]]:
    """By its kind, what a person does. How often: CHANCES."""
    patient = f"/api/v1/patients/{BIG.id(PATIENT, BOOKABLE)}/"
    day = {"from": str(BASE), "to": str(BASE)}
    free = {
        "plan": BIG.id(PLAN, BOOKABLE),
        "practitioner": BIG.id(PRACTITIONER, 0),
        **day,
    }
    return {
        "read": [
            load.reading(load.SESSIONS, date=str(BASE), page_size=50),
            load.reading("/api/v1/availability/", **free),
            load.reading("/api/v1/patients/", q="ada fam"),
            load.reading(patient),
        ],
        "book": [course.first, course.again],
        "move or cancel": [course.move, course.cancel],
    }


CHANCES = {"read": 80, "book": 15, "move or cancel": 5}


def soak(tokens: dict[str, str], postgres: Postgres, folder: Path, *, seconds: float) -> str:
    machine, rows, lines = Machine(), [], list[str]()
    for name in (FEW, ALL):
        machine.look()
        results, before, after = _one(name, tokens, postgres, folder, seconds)
        for kind, result in results.items():
            lines.append(f"{name:7} {kind:16} {result.line()}")
            p95 = result.ms(95)
            rows.append((f"{name}: {kind}, p95", f"≤ {P95:.0f} ms", f"{p95:.0f} ms", p95 <= P95))
        whole = together(list(results.values()))
        wrong = {status: n for status, n in whole.statuses.items() if status not in (200, 201)}
        rows.append((f"{name}: errors of {len(whole.times):,}", "0", str(wrong), not wrong))
        for role in before:
            rows.append(grown(name, role, before[role], after[role]))
    said = "\n".join(lines)
    title = f"Soak, {PEOPLE} people, {seconds:.0f} s at each size"
    return f"\n{title}; {today()}; {machine.line()}\n\n{said}\n\n{table(rows)}\n"


def grown(name: str, role: str, before: Memory, after: Memory) -> tuple[str, str, str, bool]:
    limit = before.pss * GROWN + 10  # MiB: what a small process takes once
    measured = f"{before} → {after}"
    return f"{name}: memory of {role}", f"≤ {limit:.0f} MiB PSS", measured, after.pss <= limit


def _one(
    name: str, tokens: dict[str, str], postgres: Postgres, folder: Path, seconds: float
) -> tuple[dict[str, Result], dict[str, Memory], dict[str, Memory]]:
    with ExitStack() as stack:
        taken = stack.enter_context(takers(folder))
        web = stack.enter_context(gunicorn(name))
        roles: dict[str, list[psutil.Process]] = {
            "web": [web.process],
            "worker": [stack.enter_context(celery("worker", name, **taken))],
            "beat": [stack.enter_context(celery("beat", name, **taken))],
            "PostgreSQL": [postmaster(postgres)],
        }
        course = Course(BIG, count(LATE))
        door = load.Door.with_token(web.port, tokens[BIG.desk])
        people = [
            load.Door.with_token(web.port, tokens[f"{BIG.desk}-{number}"])
            for number in range(PEOPLE)
        ]
        for work in mixture(course)["read"]:
            load.repeat(door, work, 96)
        course.warm(door)
        course.stock(door, booked=STOCK, back=STOCK // 2)
        time.sleep(REST)  # the worker has sent what was planned so far
        before = {role: memory(roots) for role, roots in roles.items()}
        say(f"{name}: {', '.join(f'{role} {one}' for role, one in before.items())}")
        results: dict[str, Result] = {}
        whole = metered(roles, partial(_work, people, course, results, seconds))
        say(f"{name}: {whole.line()}")
        after = {role: memory(roots) for role, roots in roles.items()}
    return results, before, after


def _work(
    doors: list[load.Door], course: Course, results: dict[str, Result], seconds: float
) -> Result:
    """Everybody at once; fills the results by kind, and gives all of them as one."""
    ends, lock, acts = time.perf_counter() + seconds, threading.Lock(), mixture(course)
    results |= {kind: Result(elapsed=seconds) for kind in acts}

    def go(number: int) -> None:
        chance, desk = random.Random(number), load.Desk(doors[number])
        while True:
            time.sleep(pause := chance.expovariate(1 / THINK))
            if (began := time.perf_counter()) > ends:
                return
            if pause > IDLE:
                desk.renew()
            (kind,) = chance.choices(list(CHANCES), list(CHANCES.values()))
            try:
                status: Any = chance.choice(acts[kind])(desk)
            except (OSError, IndexError) as error:
                status = type(error).__name__
            with lock:
                results[kind].times.append(time.perf_counter() - began)
                results[kind].statuses[status] += 1

    people = [threading.Thread(target=go, args=(number,)) for number in range(PEOPLE)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    whole = together(list(results.values()))
    whole.elapsed = seconds
    return whole
