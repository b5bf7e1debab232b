"""The product, on a database of 60,000 sessions, with worker and beat or without."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from bench.booking.course import Course
from bench.booking.data import ALL
from bench.booking.load import Door, booking
from bench.clinic_of import BIG
from bench.peers.contender import Contender
from bench.processes import postmaster
from bench.roles import celery, gunicorn, takers
from bench.servers import connect
from clinic.embedded import Postgres

DUE = """
    SELECT count(*) FROM aftercare_message
    WHERE status IN ('PENDING', 'CLAIMED', 'SENDING') AND due_at <= now()
"""
SAID = {
    "refuses doubles": "yes: practitioner, room, device and patient, by constraints",
    "message of the booking": "yes: e-mail or SMS, by the worker",
    "plans reminders": "yes: the whole sequence, as rows in the booking's transaction",
    "history of changes": "yes: who, when, what, in the same transaction",
    "keeps recovery, rooms, devices": "yes",
}


@contextmanager
def product(folder: Path, postgres: Postgres, token: str) -> Iterator[list[Contender]]:
    """With the worker off, and with worker and beat on: one gunicorn and one course of patients."""
    with ExitStack() as stack:
        taken = stack.enter_context(takers(folder))
        web = stack.enter_context(gunicorn(ALL))
        rush, door = _Rush(), Door.with_token(web.port, token)
        course = Course(BIG, count(1))
        course.warm(door)
        facts: dict[str, Any] = {
            "door": door,
            "stock": lambda booked: course.stock(door, booked=booked),
            "first": course.first,
            "again": course.again,
            "rush": rush.works,
            "in_rush": rush.standing,
            "said": SAID,
        }
        roles = {"web": [web.process], "database": [postmaster(postgres)]}
        with_worker: dict[str, list[psutil.Process]] = {**roles, "worker": []}

        @contextmanager
        def working() -> Iterator[None]:
            with ExitStack() as running:
                start = [celery(role, ALL, **taken) for role in ("worker", "beat")]
                with_worker["worker"] = [running.enter_context(one) for one in start]
                drain()
                yield

        yield [
            Contender(name="product, worker off", roles=roles, **facts),
            Contender(
                name="product, worker on",
                roles=with_worker,
                working=working,
                settle=drain,
                **facts,
            ),
        ]


def drain(seconds: float = 90) -> None:
    """Until nothing is due any more."""
    ends = time.monotonic() + seconds
    with connect() as connection:
        while connection.execute(DUE).fetchone() != (0,):
            if time.monotonic() > ends:
                raise RuntimeError(f"after {seconds:.0f} s messages are still due")
            time.sleep(0.2)


class _Rush:
    def __init__(self) -> None:
        self.number = 15_000

    def works(self, clients: int) -> list[Any]:
        self.number += 1
        self.slot = BIG.slot(self.number)
        plans = [BIG.slot(self.number + 1 + n)["plan"] for n in range(clients)]
        self.number += clients
        return [booking({**self.slot, "plan": plan}) for plan in plans]

    def standing(self) -> int:
        with connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM treatment_session WHERE practitioner_id = %s"
                " AND starts_at = %s::timestamp AT TIME ZONE 'Europe/Berlin'"
                " AND status = 'BOOKED'",
                [self.slot["practitioner"], self.slot["starts_at"]],
            ).fetchone()
        assert row is not None
        return int(str(row[0]))
