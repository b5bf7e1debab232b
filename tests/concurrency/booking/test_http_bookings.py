"""P1 and P2 over HTTP: hundreds of desks on one slot of a clinic served by gunicorn."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import time, timedelta
from http.client import HTTPConnection
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from knox.models import AuthToken

from clinic.models import User
from sessions.models import TreatmentSession
from tests.concurrency.booking.test_double_booking import (
    rivals,
    same_plan_elsewhere,
    without_constraint,
)
from tests.conftest import Booking
from tests.factories import DAY, NINE

Post = Callable[[dict[str, Any]], tuple[int, str]]


@contextmanager
def serving(application: str) -> Iterator[int]:
    """gunicorn on a free port, on the test's database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", application),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "critical"),
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address_of_test_database(), "CLINIC_DEMO": "false"},
    )
    try:
        for _ in range(200):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "gunicorn did not start"
            sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def address_of_test_database() -> str:
    given = urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def all_at_once(port: int, token: str, bodies: list[dict[str, Any]]) -> "Counter[tuple[int, str]]":
    """Every body from a desk of its own, all connected before the first one is sent."""
    ready = threading.Barrier(len(bodies))
    answers: list[tuple[int, str]] = []

    def send(body: dict[str, Any]) -> None:
        desk = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        ready.wait(timeout=60)
        desk.request("POST", "/api/v1/sessions/", json.dumps(body), headers)
        answer = desk.getresponse()
        content = json.loads(answer.read())
        answers.append((answer.status, content.get("code", "booked")))
        desk.close()

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    return Counter(answers)


def wanted(shared: str, booking: Booking, desks: int) -> list[dict[str, Any]]:
    """Bodies that clash in one thing. Eight sets of people and rooms are enough: of two bodies
    from one set, the second one clashes all the more."""
    if shared == "skin":
        sets = same_plan_elsewhere(booking)
        bodies = [one.body(NINE + day * DAY) for day, one in enumerate(sets)]
    else:
        bodies = [one.body() for one in rivals(booking, shared)]
    return [bodies[number % len(bodies)] for number in range(desks)]


ARMS = {"practitioner": 500, "room": 24, "device": 24, "patient": 24, "skin": 24}


@pytest.fixture
def token(dana: User) -> str:
    return str(AuthToken.objects.create(user=dana, expiry=timedelta(hours=1))[1])


def test_of_hundreds_who_want_one_slot_exactly_one_gets_it(booking: Booking, token: str) -> None:
    few_hours = booking.plan.clinic.opening_hours  # so that looking for alternatives is short
    few_hours.update(opens_at=time(9), closes_at=time(12))
    with serving("clinic.wsgi:application") as port:
        for shared, desks in ARMS.items():
            TreatmentSession.objects.update(status="CANCELLED")

            answers = all_at_once(port, token, wanted(shared, booking, desks))

            statuses = Counter(status for status, _ in answers.elements())
            assert statuses == {201: 1, 409: desks - 1}, (shared, answers)
            refusal = "too_soon" if shared == "skin" else f"{shared}_taken"
            assert {code for _, code in answers} <= {"booked", "too_soon", refusal}
            assert TreatmentSession.objects.occupying().count() == 1


def test_control_without_constraints_looking_first_books_twice(
    booking: Booking, token: str
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    names = [f"session_{shared}_free" for shared in ARMS if shared != "skin"]
    with ExitStack() as stack:
        for name in [*names, "session_area_recovered"]:
            stack.enter_context(without_constraint(name))
        port = stack.enter_context(serving("tests.concurrency.booking.unguarded:application"))
        for shared in ARMS:
            booked = 0
            for _ in range(5):
                TreatmentSession.objects.update(status="CANCELLED")
                booked = all_at_once(port, token, wanted(shared, booking, 16))[201, "booked"]
                if booked > 1:
                    break
            assert booked > 1, shared
