"""django-appointment, from PyPI, in an environment that is made for the run and thrown away."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from bench.booking.load import Desk, Door, Work
from bench.peers.contender import CUSTOMERS, OLD, PEOPLE, Contender, slot_of
from bench.processes import postmaster
from bench.roles import running, wait_for
from bench.servers import HOST, ROOT, connect, conninfo
from clinic.embedded import Postgres
from clinic.embedded.process import free_port

PEER = "django-appointment==3.12.0"
SAME = ("Django", "gunicorn", "psycopg", "psycopg-binary")  # versions as the product's
PATH = "/appointment/ajax/update_appt_min_info/"
DATABASE = "peer"
RUSH = 90_000  # the number of the first slot that many want
SAID = {
    "refuses doubles": "no: no constraint, and the desk's call checks nothing",
    "message of the booking": "no (e-mails to clients only from its own form)",
    "plans reminders": "no (one, with django-q and when it is asked for)",
    "history of changes": "no",
    "keeps recovery, rooms, devices": "no",
}


def install(folder: Path) -> Path:
    """A virtual environment with the peer, beside the product's own versions of what both use."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    same = [f"{name}=={version(name)}" for name in SAME]
    command = [str(folder / "bin" / "pip"), "install", "--quiet", PEER, *same]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{PEER} cannot be installed: {done.stderr.strip()[-300:]}")
    return folder / "bin"


@contextmanager
def django_appointment(folder: Path, postgres: Postgres) -> Iterator[Contender]:
    programs = install(folder / "django-appointment")
    with postgres.connect_as_superuser() as superuser:
        superuser.execute(f"CREATE DATABASE {DATABASE} OWNER clinic")
    parts: dict[str, Any] = conninfo_to_dict(conninfo(DATABASE))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DB_NAME": parts["dbname"],
        "DB_USER": parts["user"],
        "DB_PASSWORD": parts["password"],
        "DB_HOST": parts["host"],
    }
    filled = subprocess.run(
        [programs / "python", "bench/peers/django_site.py", str(PEOPLE), str(CUSTOMERS), str(OLD)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if filled.returncode:
        raise RuntimeError(filled.stderr[-2_000:])
    service, first, cookie = filled.stdout.splitlines()[-1].split()  # after its own log
    with connect(DATABASE) as connection:
        connection.execute("VACUUM ANALYZE")
    port = free_port()
    web = [
        *(programs / "gunicorn", "--chdir", "bench/peers", "--bind", f"{HOST}:{port}"),
        *("--workers", "4", "--threads", "4", "--log-level", "critical"),
        *("--config", "/dev/null", "--preload", "django_site:application"),
    ]
    with running(web, environment, cwd=ROOT) as process:
        wait_for(port, "/")
        headers = {"Cookie": f"sessionid={cookie}", "X-Requested-With": "XMLHttpRequest"}
        bookings = _Bookings(service=int(service), staff=int(first))
        yield Contender(
            name="django-appointment",
            door=Door(port, headers),
            roles={"web": [process], "database": [postmaster(postgres)]},
            first=bookings.next,
            again=bookings.next,
            rush=bookings.rush,
            in_rush=bookings.in_rush,
            said=SAID,
        )


class _Bookings:
    """It stores who has logged in as the client of each, so a first booking is as any other."""

    def __init__(self, *, service: int, staff: int) -> None:
        self.service, self.staff = service, staff
        self._numbers, self._lock, self._rush = count(), threading.Lock(), RUSH

    def next(self, desk: Desk) -> int:
        with self._lock:
            number = next(self._numbers)
        return self._post(desk, number, number)

    def rush(self, clients: int) -> list[Work]:
        self._rush += 1
        return [self._wanting(number) for number in range(clients)]

    def _wanting(self, customer: int) -> Work:
        return lambda desk: self._post(desk, self._rush, customer)

    def in_rush(self) -> int:
        person, day, hour = slot_of(self._rush)
        with connect(DATABASE) as connection:
            row = connection.execute(
                "SELECT count(*) FROM appointment_appointmentrequest"
                " WHERE staff_member_id = %s AND date = %s AND start_time = make_time(%s, 0, 0)",
                [self.staff + person, day, hour],
            ).fetchone()
        assert row is not None
        return int(str(row[0]))

    def _post(self, desk: Desk, number: int, customer: int) -> int:
        person, day, hour = slot_of(number)
        body = {
            "isCreating": True,
            "service_id": self.service,
            "staff_member": self.staff + person,
            "date": str(day),
            "start_time": f"{hour:02}:00:00",
            "client_name": f"Ada F{customer % CUSTOMERS}",
            "client_email": f"c{customer % CUSTOMERS}@mail.example",
            "client_phone": "+4915112345678",
            "want_reminder": "true",
        }
        status, content = desk.post(PATH, body)
        return 500 if status == 200 and not json.loads(content).get("success", True) else status
