"""Clients: over HTTP as many desks, and over bare psycopg as the floor."""

import json
import multiprocessing
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import psycopg

from bench.servers import HOST, connect
from bench.stats import Result

Work = Callable[["Desk"], int]
SESSIONS = "/api/v1/sessions/"
# What pghistory puts before a statement, in the same round trip: who it is done for.
CONTEXT = re.compile(r"^SELECT set_config\('pghistory.*?, true\); ", re.DOTALL)


class Desk:
    """One keep-alive connection. As little Python as possible: it shares the processors."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = f"Host: {HOST}:{port}\r\nAuthorization: Token {token}\r\n"
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str, **query: Any) -> tuple[int, bytes]:
        return self._send(f"GET {path}?{urlencode(query)} HTTP/1.1\r\n{self.head}\r\n".encode())

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        content = json.dumps(body)
        return self._send(
            f"POST {path} HTTP/1.1\r\n{self.head}Content-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}".encode()
        )

    def _send(self, request: bytes) -> tuple[int, bytes]:
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
        parts, got = [body], len(body)
        while got < length:
            parts.append(self._more())
            got += len(parts[-1])
        if b"connection: close" in lower:
            self.socket.close()
            self.open()
        return int(head[9:12]), b"".join(parts)

    def _more(self) -> bytes:
        if not (data := self.socket.recv(262_144)):
            raise ConnectionError("the server has hung up")
        return data


def hammer(port: int, token: str, work: Work, *, clients: int, seconds: float) -> Result:
    """So many clients, each with its next request as soon as it has its answer."""
    result, ends = Result(), time.perf_counter() + seconds
    desks = [Desk(port, token) for _ in range(clients)]

    def go(desk: Desk) -> None:
        while (began := time.perf_counter()) < ends:
            status = work(desk)
            result.times.append(time.perf_counter() - began)
            result.statuses[status] += 1

    return _at_once(result, [partial(go, desk) for desk in desks])


def all_at_once(port: int, token: str, bodies: Sequence[dict[str, Any]]) -> Result:
    """Each booking from a client of its own, all connected before the first one is sent."""
    result, ready = Result(), threading.Barrier(len(bodies))
    desks = [Desk(port, token) for _ in bodies]

    def go(desk: Desk, body: dict[str, Any]) -> None:
        ready.wait()
        began = time.perf_counter()
        status, _ = desk.post(SESSIONS, body)
        result.times.append(time.perf_counter() - began)
        result.statuses[status] += 1

    pairs = zip(desks, bodies, strict=True)
    return _at_once(result, [partial(go, desk, body) for desk, body in pairs])


def in_turn(
    port: int, token: str, bodies: Sequence[Iterator[dict[str, Any]]], *, seconds: float
) -> list[Result]:
    """One client that books one of each kind after the other, so that whatever else the machine
    does slows all kinds alike."""
    desk, results = Desk(port, token), [Result() for _ in bodies]
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        for kind, result in zip(bodies, results, strict=True):
            body, began = next(kind), time.perf_counter()
            status, _ = desk.post(SESSIONS, body)
            took = time.perf_counter() - began
            result.times.append(took)
            result.statuses[status] += 1
            result.elapsed += took
    return results


def bare_inserts_at_once(database: str, statements: Sequence[str]) -> Result:
    """The control: INSERT without a lock, on connections of their own, and catch the refusal."""
    result, ready = Result(), threading.Barrier(len(statements))
    connections = [connect(database) for _ in statements]

    def go(connection: Any, statement: str) -> None:
        ready.wait()
        began, name = time.perf_counter(), "booked"
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            name = type(error).__name__
        result.times.append(time.perf_counter() - began)
        result.statuses[name] += 1

    pairs = zip(connections, statements, strict=True)
    _at_once(result, [partial(go, one, text) for one, text in pairs])
    for connection in connections:
        connection.close()
    return result


def _at_once(result: Result, jobs: Sequence[Callable[[], None]]) -> Result:
    threads = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.elapsed = time.perf_counter() - began
    return result


def booking(bodies: Iterator[dict[str, Any]]) -> Work:
    lock = threading.Lock()

    def work(desk: Desk) -> int:
        with lock:
            body = next(bodies)
        return desk.post(SESSIONS, body)[0]

    return work


def reading(path: str, **query: Any) -> Work:
    return lambda desk: desk.get(path, **query)[0]


def day_list(day: str, *, expected: int) -> Work:
    def work(desk: Desk) -> int:
        status, content = desk.get(SESSIONS, date=day, page_size=expected)
        found = content.count(b'"patient_name"')
        return status if found == expected else -found

    return work


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
    context = multiprocessing.get_context("fork")
    ready, answers = context.Barrier(5), context.Queue()
    processes = [
        context.Process(target=_replay, args=(database, bookings[number::4], ready, answers))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    ready.wait()
    began, times = time.perf_counter(), []
    for _ in processes:
        times += answers.get(timeout=120)
    elapsed = time.perf_counter() - began
    for process in processes:
        process.join()
    return elapsed, times


def _replay(database: str, bookings: Sequence[Sequence[str]], ready: Any, answers: Any) -> None:
    from aftercare.planning.plan import KNOWN
    from aftercare.planning.reconcile import INSERT
    from clinic.db.locks import LOCKS
    from clinic.http.tokens import CALLERS
    from sessions.api.booking.lookup import NAMED
    from sessions.scheduling.presence_sql import STANDING
    from sessions.services.booking.book import EVENT
    from sessions.services.booking.checks.clash import SESSION

    times = []
    inserts = (SESSION.statement, EVENT.statement, INSERT.statement)
    with connect(database) as connection:
        cursor: Any = connection.cursor()
        for prepared in (LOCKS, CALLERS, NAMED, STANDING, KNOWN, *inserts):
            cursor.execute(prepared.preparation)
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
    answers.put(times)
