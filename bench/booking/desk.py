"""Booking, availability and the day list over HTTP, at 10,000 and at 1,000,000 sessions.

    python -m bench.booking.desk [--sessions 1000000] [--messages 2] [--quick] [--rounds 3]
                                 [--seconds 4] [--soak 300] [--folder DIR]

It starts PostgreSQL (fsync on), Valkey and two gunicorns of its own: one on a database with 10,000
sessions, one on a database with all of them, their messages and history, which are asked in turn.
Times are in milliseconds as the client sees them, from the request to the last byte. Two floors
stand beside it: bare psycopg that does the least that any booking must, and bare psycopg that sends
what Django has sent for the same bookings, in 4 processes each. With --soak a day's mixture of
requests follows, for so many seconds at either size, with worker and beat (soak.py).
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.booking import load
from bench.booking.course import AGAIN, MOVED, Course, enough
from bench.booking.data import ALL, FEW, prepare, say
from bench.booking.floor import Floor
from bench.booking.replay import Recorder, record_all, replayed
from bench.booking.report import report
from bench.booking.soak import soak
from bench.clinic_of import BASE, BIG, BOOKABLE, PLAN, PRACTITIONER, SMALL
from bench.processes import Roles, metered, postmaster
from bench.roles import gunicorn
from bench.servers import connect, servers
from bench.stats import Machine, Result
from clinic.embedded import Postgres, Valkey

AVAILABILITY = "/api/v1/availability/"
HOT = (50, 500)  # clients who want one slot
CONTROL = 8  # bare INSERTs of one slot: of 50, one dies each second, which took 43 s
UNTOUCHED = 0  # the plan that availability is asked for; the bookings come after it
SHARES = {"first": 1.0, "again": 0.75, "move": 0.5}  # of the seconds of a cell
NEEDS = {"again": "booked", "move": "back"}


def queries(token: str, numbers: Iterator[int]) -> dict[str, tuple[int, int]]:
    """Statements and savepoints of one request each, on a connection that has booked before."""
    from django.db import connections
    from django.test import Client

    client = Client(headers={"Authorization": f"Token {token}"})

    def post(path: str, body: Mapping[str, Any]) -> Any:
        return client.post(path, json.dumps(body), content_type="application/json")

    found, number = {}, next(numbers)
    post(load.SESSIONS, BIG.slot(next(numbers)))
    asked: dict[str, Callable[[], Any]] = {
        "availability": lambda: client.get(AVAILABILITY, one_day()),
        "day list": lambda: client.get(load.SESSIONS, {"date": str(BASE), "page_size": "800"}),
        "first": lambda: post(load.SESSIONS, BIG.slot(number)),
        "again": lambda: post(load.SESSIONS, BIG.slot(number, weeks=AGAIN)),
    }
    for name, ask in asked.items():
        with Recorder() as recorder:
            answer = ask()
        assert answer.status_code in (200, 201), name
        found[name] = recorder.counted()
    path = f"{load.SESSIONS}{answer.json()['id']}/reschedule/"
    with Recorder() as recorder:
        answer = post(path, {"starts_at": BIG.slot(number, weeks=MOVED)["starts_at"]})
    assert answer.status_code == 201, answer.content
    connections.close_all()
    return {**found, "move": recorder.counted()}


def one_day() -> dict[str, str]:
    return {
        "plan": BIG.id(PLAN, BOOKABLE + UNTOUCHED),
        "practitioner": BIG.id(PRACTITIONER, 0),
        "from": str(BASE),
        "to": str(BASE),
    }


def one_week() -> dict[str, str]:
    week = {"from": str(BASE), "to": str(BASE + timedelta(days=6))}
    return {"plan": SMALL.id(PLAN, BOOKABLE), **week}


def hot_slot(door: load.Door, clients: int, numbers: Iterator[int]) -> Result:
    """So many plans want one slot over HTTP."""
    slot = BIG.slot(next(numbers))
    plans = [BIG.slot(next(numbers))["plan"] for _ in range(clients)]
    return load.all_at_once(door, [load.booking({**slot, "plan": plan}) for plan in plans])


def bare_hot_slot(numbers: Iterator[int]) -> Result:
    """The control: 8 plans want one slot as bare INSERTs without the locks."""
    slot = BIG.slot(next(numbers))
    insert = """
        INSERT INTO treatment_session (clinic_id, plan_id, patient_id, area_id, practitioner_id,
            room_id, device_id, occupied_from, starts_at, ends_at, released_at, recovers_at,
            time_zone, status, spacing_override_reason, protocol_version_id, notes, visit_type_id)
        SELECT clinic_id, id, patient_id, area_id, '{practitioner}', '{room}', '{device}',
            starts, starts, starts + '45 min', starts + '1 hour', starts + '14 days',
            'Europe/Berlin', 'BOOKED', '', protocol_version_id, '',
            (SELECT id FROM treatment_visit_type AS type
             WHERE type.clinic_id = treatment_plan.clinic_id AND type.kind = 'TREATMENT')
        FROM treatment_plan, (SELECT timestamptz '{starts_at}+01') AS slot (starts)
        WHERE id = '{plan}'"""
    plans = [BIG.slot(next(numbers))["plan"] for _ in range(CONTROL)]
    texts = [insert.format(**{**slot, "plan": plan}) for plan in plans]
    return load.bare_inserts_at_once(ALL, texts)


def deadlocks() -> int:
    time.sleep(2)  # a server process reports what it has counted when it is idle
    with connect() as connection:
        found = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = 'clinic'"
        ).fetchone()
    assert found is not None
    return int(str(found[0]))


def what_is_read(desk: str, other: str) -> dict[str, tuple[str, load.Work]]:
    """By its name in the report: whose token, and the request."""
    return {
        "day of one": (desk, load.reading(AVAILABILITY, **one_day())),
        "week of ten": (other, load.reading(AVAILABILITY, **one_week())),
        "day list": (desk, load.day_list(str(BASE), expected=800)),
    }


class Run:
    """Everything in turn, round by round."""

    def __init__(self, tokens: dict[str, str], postgres: Postgres, seconds: float) -> None:
        self.tokens, self.seconds = tokens, seconds
        self.database = [postmaster(postgres)]
        self.machine = Machine()
        self.results: dict[str, list[Result]] = {}
        self.numbers = {FEW: count(1), ALL: count(1)}
        self.courses = {name: Course(BIG, numbers) for name, numbers in self.numbers.items()}
        self.reads = what_is_read(tokens[BIG.desk], tokens[SMALL.desk])
        self.webs: dict[str, Any] = {}

    def door(self, name: str, token: str = "") -> load.Door:
        return load.Door.with_token(self.webs[name].port, token or self.tokens[BIG.desk])

    def roles(self, name: str) -> Roles:
        return {"web": [self.webs[name].process], "PostgreSQL": self.database}

    def keep(self, name: str, result: Result) -> None:
        self.results.setdefault(name, []).append(result)
        say(f"{name:28} {result.line()}")

    def measure(self, *, rounds: int) -> dict[str, Any]:
        with ExitStack() as stack:
            self.webs = {name: stack.enter_context(gunicorn(name)) for name in (FEW, ALL)}
            desk = self.tokens[BIG.desk]
            counted = queries(desk, self.numbers[ALL])
            some = round(self.seconds * 100)
            bodies = [BIG.slot(next(self.numbers[ALL])) for _ in range(some)]
            bookings = record_all(desk, bodies)
            floor = Floor(ALL)
            self.warm()
            for number in range(rounds):
                say(f"round {number + 1}")
                self.machine.look()
                self.book()
                self.keep("the least", floor.book(some // 2))
                self.keep("floor", replayed(bookings))
                self.read()
                self.sit()
            before = deadlocks()
            for _ in range(rounds):
                for clients in HOT:
                    hot = hot_slot(self.door(ALL), clients, self.numbers[ALL])
                    self.keep(f"hot slot × {clients}", hot)
                self.keep("hot slot, bare INSERT", bare_hot_slot(self.numbers[ALL]))
            after = deadlocks()
            self.machine.look()
        bare = self.results["hot slot, bare INSERT"]
        dead = sum(int(result.statuses["DeadlockDetected"]) for result in bare)
        return {
            "machine": self.machine,
            "results": self.results,
            "queries": counted,
            "deadlocks": after - before - dead,
        }

    def warm(self) -> None:
        """Every thread has its connection and its caches."""
        for name, course in self.courses.items():
            for token, work in self.reads.values():
                load.hammer(self.door(name, token), work, clients=16, seconds=0.5)
            course.warm(self.door(name))

    def book(self) -> None:
        """Who comes back was there before: as many as the clients can get through."""
        for clients in (1, 4):
            for kind, share in SHARES.items():
                for name, course in self.courses.items():
                    if kind != "first":
                        last = self.results[f"first × {clients}, {name}"][-1]
                        course.stock(self.door(name), **{NEEDS[kind]: enough(last)})
                    hammer = partial(
                        load.hammer,
                        self.door(name),
                        getattr(course, kind),
                        clients=clients,
                        seconds=self.seconds * share,
                    )
                    result = metered(self.roles(name), hammer)
                    self.keep(f"{kind} × {clients}, {name}", result)

    def read(self) -> None:
        for title, (token, work) in self.reads.items():
            for clients in (1, 4):
                for name in self.webs:
                    door, seconds = self.door(name, token), self.seconds * 0.75
                    read = load.hammer(door, work, clients=clients, seconds=seconds)
                    self.keep(f"{title} × {clients}, {name}", read)

    def sit(self) -> None:
        """One area and two, in turn."""
        fresh = self.numbers[ALL]
        kinds = [map(make, fresh) for make in (BIG.slot, BIG.sitting)]
        areas = load.in_turn(self.door(ALL), kinds, seconds=self.seconds)
        for title, worked in zip(("one area", "two areas"), areas, strict=True):
            self.keep(f"{title} × 1, clinic", worked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=2, help="of each session, with history")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each cell of a round")
    parser.add_argument("--quick", action="store_true", help="20,000 sessions, short rounds")
    parser.add_argument("--soak", type=float, default=0.0, help="seconds at each size")
    parser.add_argument("--only-soak", action="store_true")
    parser.add_argument("--folder", type=Path, help="on a disk with 6 GB free; else the usual one")
    arguments = parser.parse_args()
    sessions = 20_000 if arguments.quick else arguments.sessions
    seconds = 2.0 if arguments.quick else arguments.seconds
    with servers(arguments.folder, Postgres, Valkey) as (folder, postgres, _):
        tokens = prepare(sessions, postgres, messages=arguments.messages)
        parts = []
        if not arguments.only_soak:
            run = Run(tokens, postgres, seconds)
            parts.append(report(run.measure(rounds=arguments.rounds)))
        if arguments.soak:
            parts.append(soak(tokens, postgres, folder, seconds=arguments.soak))
    print("\n".join(parts))


if __name__ == "__main__":
    main()
