"""Clients: as many desks over HTTP, and bare INSERTs of one slot."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench.servers import HOST, connect
from bench.stats import Result

Work = Callable[["Desk"], int]
SESSIONS = "/api/v1/sessions/"


@dataclass(frozen=True)
class Door:
    """Where a desk knocks, and what it says who it is."""

    port: int
    headers: Mapping[str, str]

    @classmethod
    def with_token(cls, port: int, token: str) -> "Door":
        return cls(port, {"Authorization": f"Token {token}"})


class Desk:
    """One keep-alive connection. As little Python as possible: it shares the processors."""

    def __init__(self, door: Door) -> None:
        self.port = door.port
        named = {"Host": f"{HOST}:{door.port}", **door.headers}
        self.head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def renew(self) -> None:
        """Connect again: the server hangs up after two seconds of silence."""
        self.socket.close()
        self.open()

    def get(self, path: str, **query: Any) -> tuple[int, bytes]:
        return self._send(f"GET {path}?{urlencode(query)} HTTP/1.1\r\n{self.head}\r\n".encode())

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        return self._post(path, json.dumps(body), "application/json")

    def post_form(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        return self._post(path, urlencode(body), "application/x-www-form-urlencoded")

    def _post(self, path: str, content: str, kind: str) -> tuple[int, bytes]:
        return self._send(
            f"POST {path} HTTP/1.1\r\n{self.head}Content-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}".encode()
        )

    def _send(self, request: bytes) -> tuple[int, bytes]:
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
            body = joined(body)
        else:
            length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
            parts, got = [body], len(body)
            while got < length:
                parts.append(self._more())
                got += len(parts[-1])
            body = b"".join(parts)
        if b"connection: close" in lower:
            self.socket.close()
            self.open()
        return int(head[9:12]), body

    def _more(self) -> bytes:
        if not (data := self.socket.recv(262_144)):
            raise ConnectionError("the server has hung up")
        return data


def joined(chunks: bytes) -> bytes:
    """What was sent in chunks, as one."""
    parts = []
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        chunks = rest[length + 2 :]
    return b"".join(parts)


def hammer(door: Door, work: Work, *, clients: int, seconds: float) -> Result:
    """So many clients, each with its next request as soon as it has its answer."""
    result, ends = Result(), time.perf_counter() + seconds
    desks = [Desk(door) for _ in range(clients)]

    def go(desk: Desk) -> None:
        while (began := time.perf_counter()) < ends:
            status = work(desk)
            result.times.append(time.perf_counter() - began)
            result.statuses[status] += 1

    return _at_once(result, [partial(go, desk) for desk in desks])


def repeat(door: Door, work: Work, times: int, *, clients: int = 16) -> None:
    """So many times, however long it takes: to warm up, or to have what comes later."""
    left = iter(range(times))  # taking the next one is one step of the interpreter's

    def go(desk: Desk) -> None:
        for _ in left:
            work(desk)

    _at_once(Result(), [partial(go, Desk(door)) for _ in range(clients)])


def all_at_once(door: Door, works: Sequence[Work]) -> Result:
    """Each from a client of its own, all connected before the first one is sent."""
    result, ready = Result(), threading.Barrier(len(works))
    desks = [Desk(door) for _ in works]

    def go(desk: Desk, work: Work) -> None:
        ready.wait()
        began = time.perf_counter()
        status = work(desk)
        result.times.append(time.perf_counter() - began)
        result.statuses[status] += 1

    pairs = zip(desks, works, strict=True)
    return _at_once(result, [partial(go, desk, work) for desk, work in pairs])


def in_turn(
    door: Door, bodies: Sequence[Iterator[dict[str, Any]]], *, seconds: float
) -> list[Result]:
    """One client that books one of each kind after the other, so that whatever else the machine
    does slows all kinds alike."""
    desk, results = Desk(door), [Result() for _ in bodies]
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


def booking(body: dict[str, Any]) -> Work:
    return lambda desk: desk.post(SESSIONS, body)[0]


def reading(path: str, **query: Any) -> Work:
    return lambda desk: desk.get(path, **query)[0]


def day_list(day: str, *, expected: int) -> Work:
    def work(desk: Desk) -> int:
        status, content = desk.get(SESSIONS, date=day, page_size=expected)
        found = content.count(b'"patient_name"')
        return status if found == expected else -found

    return work
