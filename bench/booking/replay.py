"""The statements of real bookings: recorded from Django, and sent again by bare psycopg."""

import gc
import json
import multiprocessing
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

from bench.booking.data import say
from bench.booking.load import SESSIONS
from bench.servers import connect
from bench.stats import Result

# What pghistory puts before a statement, in the same round trip: who it is done for.
CONTEXT = re.compile(r"^SELECT set_config\('pghistory.*?, true\); ", re.DOTALL)
EXECUTED = re.compile(r"\bEXECUTE (\w+) \(")


class Recorder:
    """The statements that reach psycopg from Django's connection, with their values in place."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __enter__(self) -> "Recorder":
        from django.db.backends.utils import CursorWrapper

        execute = CursorWrapper._execute  # type: ignore[attr-defined]
        statements = self.statements

        def recorded(wrapper: Any, sql: str, params: Any, *ignored: Any) -> Any:
            statements.append(wrapper.cursor.mogrify(sql, params) if params else sql)
            return execute(wrapper, sql, params, *ignored)

        self._patch = patch.object(CursorWrapper, "_execute", recorded)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()

    def counted(self) -> tuple[int, int]:
        """Statements, and savepoints with their releases."""
        bare = [CONTEXT.sub("", text) for text in self.statements]
        marks = sum(text.startswith(("SAVEPOINT", "RELEASE")) for text in bare)
        return len(bare) - marks, marks


def replay(database: str, bookings: Sequence[Sequence[str]]) -> tuple[float, list[float]]:
    """The statements of each booking in one transaction; four processes share the bookings.

    The id of the session, which PostgreSQL gives, goes into the later statements of the same
    booking, where the recording has {session}. Returns the whole and each booking's time in s.
    """
    taught = preparations_of(bookings)
    return at_once(_replay, [(database, taught, bookings[number::4]) for number in range(4)])


def at_once(
    work: Callable[..., list[float]], shares: Sequence[tuple[Any, ...]]
) -> tuple[float, list[float]]:
    """A process for each share, which begin together: `work` gets a share and what to wait at when
    it is ready, and gives its times. Returns the whole and all times in s."""
    context = multiprocessing.get_context("fork")
    ready, answers = context.Barrier(len(shares) + 1), context.Queue()

    def go(share: tuple[Any, ...]) -> None:
        answers.put(work(*share, ready))

    processes = [context.Process(target=go, args=(share,)) for share in shares]
    for process in processes:
        process.start()
    ready.wait(timeout=120)
    began, times = time.perf_counter(), []
    for _ in processes:
        times += answers.get(timeout=120)
    elapsed = time.perf_counter() - began
    for process in processes:
        process.join()
    return elapsed, times


def _replay(
    database: str, preparations: Sequence[str], bookings: Sequence[Sequence[str]], ready: Any
) -> list[float]:
    from sessions.services.booking.checks.clash import SESSION

    times = []
    with connect(database) as connection:
        cursor: Any = connection.cursor()
        for preparation in preparations:
            cursor.execute(preparation)
        ready.wait()
        for statements in bookings:
            began, session = time.perf_counter(), ""
            with connection.transaction():
                for statement in statements:
                    cursor.execute(statement.replace("{session}", session))
                    while cursor.nextset():
                        pass
                    if f"EXECUTE {SESSION.statement.name} (" in statement:
                        session = cursor.fetchone()[0].hex
            times.append(time.perf_counter() - began)
    return times


def preparations_of(bookings: Sequence[Sequence[str]]) -> list[str]:
    """What teaches a connection the statements that these bookings execute by name."""
    from clinic.db.prepared import Prepared

    known = {one.name: one.preparation for one in gc.get_objects() if isinstance(one, Prepared)}
    texts = "".join(statement for statements in bookings for statement in statements)
    return [known[name] for name in sorted(set(EXECUTED.findall(texts)))]


def record(token: str, bodies: list[dict[str, Any]]) -> list[list[str]]:
    """Make real bookings in this process, and return the statements of each."""
    from django.db import connections
    from django.test import Client

    client, found = Client(), []
    for body in [bodies.pop(), *bodies]:  # after the first, the connection is taught
        with Recorder() as recorder:
            answer = client.post(
                SESSIONS,
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


def replayed(bookings: list[list[str]]) -> Result:
    """One pass of bare psycopg over the recorded bookings; afterwards their slots are free."""
    elapsed, times = replay("clinic", bookings)
    free_again()
    return Result(times=times, elapsed=elapsed)


def free_again() -> None:
    with connect() as connection:
        connection.execute(
            "UPDATE treatment_session SET status = 'CANCELLED' WHERE status = 'BOOKED'"
            " AND plan_id IN (SELECT id FROM recorded)"
        )


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
