"""Desks that book all the time, on any web host, each booking until it is acknowledged."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from bench.clinic_of import Site

SITE = Site(1, 20)  # that of bench.outbox, which needs Django
PATIENCE = 5.0  # s that a desk waits for an answer; then it asks another web host
PACE = 0.05  # s between two bookings of a desk: this is about what stays, not about speed
GIVES_UP = 90.0


@dataclass
class Bookings:
    """What the desks were told."""

    acknowledged: list[tuple[float, str]] = field(default_factory=list)  # when, and the session
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def first_after(self, moment: float) -> float | None:
        """Seconds until the first acknowledgement of a booking after this moment."""
        times = [at for at, _ in self.acknowledged if at > moment]
        return min(times) - moment if times else None


class Desks:
    def __init__(
        self, hosts: list[tuple[str, int]], token: str, *, number: int, first: int = 0
    ) -> None:
        self.hosts, self.token, self.number = hosts, token, number
        self.bookings = Bookings()
        self._slots, self._lock = count(first), threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Desks":
        for desk in range(self.number):
            self._threads.append(threading.Thread(target=self._work, args=(desk,)))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Each ends the booking that it has begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, desk: int) -> None:
        hosts = self.hosts[desk % len(self.hosts) :] + self.hosts[: desk % len(self.hosts)]
        while not self._stop.wait(PACE):
            with self._lock:
                number = next(self._slots)
            try:
                self._book(number, hosts)
            except Exception as error:
                self.bookings.wrong.append(f"booking {number}: {error!r}")

    def _book(self, number: int, hosts: list[tuple[str, int]]) -> None:
        body, key = json.dumps(SITE.slot(number)), str(uuid4())
        ends = time.monotonic() + GIVES_UP
        for attempt in count():
            status, text = self._post(body, key, hosts[attempt % len(hosts)])
            self.bookings.statuses[status] += 1
            if status == "201":
                self.bookings.acknowledged.append((time.monotonic(), json.loads(text)["id"]))
                return
            if status not in ("503", "no answer", "503 without Retry-After"):
                self.bookings.wrong.append(f"booking {number}: {status} {text[:300]}")
                return
            if status == "503 without Retry-After":
                self.bookings.wrong.append(f"booking {number}: {status}")
            if time.monotonic() > ends:
                self.bookings.wrong.append(f"booking {number}: given up")
                return
            self._stop.wait(0.25)

    def _post(self, body: str, key: str, host: tuple[str, int]) -> tuple[str, str]:
        connection = http.client.HTTPConnection(*host, timeout=PATIENCE)
        headers = {
            "Authorization": f"Token {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        try:
            connection.request("POST", "/api/v1/sessions/", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return "no answer", ""
        finally:
            connection.close()
        if answer.status == 503 and not answer.headers["Retry-After"]:
            return "503 without Retry-After", text
        return str(answer.status), text
