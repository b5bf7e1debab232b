"""Booking, availability and the day list over HTTP, at 10,000 and at 1,000,000 sessions.

    python -m bench.booking.desk [--sessions 1000000] [--quick] [--rounds 3] [--seconds 4]
                                 [--folder DIR]

It starts PostgreSQL (fsync on), Valkey and two gunicorns of its own: one on
a database with 10,000 sessions, one on a database with all of them, which are asked in turn. Times
are in milliseconds as the client sees them, from the request to the last byte. The floor is bare
psycopg in 4 processes that sends what Django has sent for the same bookings.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from bench import clinic_of
from bench.booking import load
from bench.booking.report import report
from bench.clinic_of import BASE, BIG, BOOKABLE, PLAN, PRACTITIONER, SMALL
from bench.servers import connect, databases, gunicorn
from bench.stats import Machine, Result

FIRST = (1700, 800)  # patients with four sessions each in the two clinics: 10,000 sessions
AVAILABILITY = "/api/v1/availability/"
HOT = 50  # clients who want one slot
CONTROL = 8  # bare INSERTs of one slot: of 50, one dies each second, which took 43 s
UNTOUCHED = 0  # the plan that availability is asked for; the bookings come after it


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def prepare(sessions: int, postgres: Any) -> dict[str, str]:
    """Both databases, `clinic` and `few`; returns the tokens of the two desks."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from knox.models import AuthToken

    from clinic.models import User

    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            for site, patients in zip((BIG, SMALL), FIRST, strict=True):
                clinic_of.open_site(connection, site, bookable=100 * site.size)
                clinic_of.add_series(connection, site, 0, patients)
        connection.execute("VACUUM ANALYZE")
    tokens = {
        site.desk: str(
            AuthToken.objects.create(
                user=User.objects.get(username=site.desk), expiry=timedelta(hours=9)
            )[1]
        )
        for site in (BIG, SMALL)
    }
    connections.close_all()
    with postgres.connect_as_superuser() as superuser:
        superuser.execute("CREATE DATABASE few OWNER clinic TEMPLATE clinic")
    say("10,000 sessions loaded")
    with connect() as connection:
        clinic_of.prepare(connection)
        with clinic_of.Bare(connection):
            ends = sessions // 4, SMALL.per_cycle * max(1, sessions // 4 // BIG.per_cycle)
            for site, begin, end in zip((BIG, SMALL), FIRST, ends, strict=True):
                clinic_of.add_series(connection, site, begin, end)
            say("rows inserted; constraints and indexes follow")
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute("SELECT count(*) FROM treatment_session").fetchone()
        size = connection.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('treatment_session'))"
        ).fetchone()
    assert rows is not None
    assert size is not None
    say(f"{rows[0]:,} sessions loaded, the table and its indexes take {size[0]}")
    return tokens


def record(token: str, bodies: list[dict[str, Any]]) -> list[list[str]]:
    """Make real bookings in this process, and return the statements of each."""
    from django.db import connections
    from django.test import Client

    client, found = Client(), []
    for body in [bodies.pop(), *bodies]:  # after the first, the connection is taught
        with load.Recorder() as recorder:
            answer = client.post(
                load.SESSIONS,
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Token {token}"},
            )
        assert answer.status_code == 201, answer.content
        session = answer.json()["id"]  # as JSON has it; psycopg leaves the hyphens out
        texts = (text.replace(UUID(session).hex, session) for text in recorder.statements)
        found.append([text.replace(session, "{session}") for text in texts])
    connections.close_all()
    return found[1:]


def queries(tokens: dict[str, str], bodies: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Statements and savepoints of one request each, on a connection that has booked before."""
    from django.db import connections
    from django.test import Client

    client = Client(headers={"Authorization": f"Token {tokens[BIG.desk]}"})
    first, body = bodies
    client.post(load.SESSIONS, first, content_type="application/json")
    asked: dict[str, Callable[[], Any]] = {
        "availability": lambda: client.get(AVAILABILITY, one_day()),
        "day list": lambda: client.get(load.SESSIONS, {"date": str(BASE), "page_size": "800"}),
        "booking": lambda: client.post(load.SESSIONS, body, content_type="application/json"),
    }
    found = {}
    for name, ask in asked.items():
        with load.Recorder() as recorder:
            assert ask().status_code in (200, 201), name
        found[name] = recorder.counted()
    connections.close_all()
    return found


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


def floor(bookings: list[list[str]]) -> Result:
    """One pass of bare psycopg over the recorded bookings; afterwards their slots are free."""
    elapsed, times = load.replay("clinic", bookings)
    free_again()
    return Result(times=times, elapsed=elapsed)


def free_again() -> None:
    with connect() as connection:
        connection.execute(
            "UPDATE treatment_session SET status = 'CANCELLED' WHERE status = 'BOOKED'"
            " AND plan_id IN (SELECT id FROM recorded)"
        )


def hot_slot(port: int, token: str, numbers: Iterator[int]) -> tuple[Result, Result]:
    """50 plans want one slot over HTTP, and 8 another one as bare INSERTs without the locks."""
    slot = BIG.slot(next(numbers))
    plans = [BIG.slot(next(numbers))["plan"] for _ in range(HOT)]
    booked = load.all_at_once(port, token, [{**slot, "plan": plan} for plan in plans])
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
    return booked, load.bare_inserts_at_once("clinic", texts)


def deadlocks() -> int:
    time.sleep(2)  # a server process reports what it has counted when it is idle
    with connect() as connection:
        found = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = 'clinic'"
        ).fetchone()
    assert found is not None
    return int(str(found[0]))


def record_all(token: str, bodies: list[dict[str, Any]]) -> list[list[str]]:
    """The statements of all these bookings, whose slots are free again afterwards."""
    with connect() as connection:
        connection.execute("CREATE TABLE recorded (id uuid PRIMARY KEY)")
        for body in bodies:
            connection.execute("INSERT INTO recorded VALUES (%s)", [body["plan"]])
    bookings = record(token, bodies)
    free_again()
    say(f"{len(bookings)} bookings recorded, {len(bookings[0])} statements each")
    return bookings


def what_is_read(desk: str, other: str) -> dict[str, tuple[str, load.Work]]:
    """By its name in the report: whose token, and the request."""
    return {
        "day of one": (desk, load.reading(AVAILABILITY, **one_day())),
        "week of ten": (other, load.reading(AVAILABILITY, **one_week())),
        "day list": (desk, load.day_list(str(BASE), expected=800)),
    }


def measure(tokens: dict[str, str], *, rounds: int, seconds: float) -> dict[str, Any]:
    """Everything in turn, round by round."""
    machine, results = Machine(), dict[str, list[Result]]()
    numbers = {"few": count(1), "clinic": count(1)}
    with ExitStack() as stack:
        ports = {name: stack.enter_context(gunicorn(name)) for name in ("few", "clinic")}
        desk, other = tokens[BIG.desk], tokens[SMALL.desk]
        bodies = [BIG.slot(next(numbers["clinic"])) for _ in range(round(seconds * 100))]
        counted = queries(tokens, [bodies.pop(), bodies.pop()])
        bookings = record_all(desk, bodies)

        def book(name: str) -> load.Work:
            return load.booking(BIG.slot(number) for number in numbers[name])

        reads = what_is_read(desk, other)

        def keep(name: str, result: Result) -> None:
            results.setdefault(name, []).append(result)
            say(f"{name:28} {result.line()}")

        for name, port in ports.items():  # every thread has its connection and its caches
            for token, work in (*reads.values(), (desk, book(name))):
                load.hammer(port, token, work, clients=16, seconds=0.5)
        for number in range(rounds):
            say(f"round {number + 1}")
            machine.look()
            for name, port in ports.items():
                worked = load.hammer(port, desk, book(name), clients=4, seconds=seconds)
                keep(f"booking, {name}", worked)
            keep("floor", floor(bookings))
            for title, (token, work) in reads.items():
                for clients in (1, 4):
                    for name, port in ports.items():
                        read = load.hammer(
                            port, token, work, clients=clients, seconds=seconds * 0.75
                        )
                        keep(f"{title} × {clients}, {name}", read)
            fresh = numbers["clinic"]
            kinds = [map(make, fresh) for make in (BIG.slot, BIG.sitting)]
            areas = load.in_turn(ports["clinic"], desk, kinds, seconds=seconds)
            for title, worked in zip(("one area", "two areas"), areas, strict=True):
                keep(f"{title} × 1, clinic", worked)
        before = deadlocks()
        for _ in range(rounds):
            booked, bare = hot_slot(ports["clinic"], desk, numbers["clinic"])
            keep("hot slot", booked)
            keep("hot slot, bare INSERT", bare)
        after = deadlocks()
        machine.look()
    ratio = share_of_floor(results)
    dead = sum(result.statuses["DeadlockDetected"] for result in results["hot slot, bare INSERT"])
    return {
        "machine": machine,
        "results": results,
        "queries": counted,
        "ratio": ratio,
        "deadlocks": after - before - dead,
        "deadlocks of the control": dead,
    }


def share_of_floor(results: dict[str, list[Result]]) -> float:
    """Bookings over bare psycopg, round by round; the median of the rounds."""
    ratios = [
        booked.per_second / bare.per_second
        for booked, bare in zip(results["booking, clinic"], results["floor"], strict=True)
    ]
    say(f"of the floor: {', '.join(f'{ratio:.1%}' for ratio in ratios)}, {median(ratios):.1%}")
    return median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each cell of a round")
    parser.add_argument("--quick", action="store_true", help="20,000 sessions, short rounds")
    parser.add_argument("--folder", type=Path, help="on a disk with 3 GB free; else the usual one")
    arguments = parser.parse_args()
    sessions = 20_000 if arguments.quick else arguments.sessions
    seconds = 2.0 if arguments.quick else arguments.seconds
    with databases(arguments.folder) as postgres:
        tokens = prepare(sessions, postgres)
        found = measure(tokens, rounds=arguments.rounds, seconds=seconds)
    print(report(found))


if __name__ == "__main__":
    main()
