"""What uses the cluster: two web hosts, two workers and a beat, a provider with its ledger."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from bench.faults.breakable import kill_tree
from bench.faults.judge import Ledger
from bench.machines.machine import wait_until
from bench.machines.postgres import DIRECT
from bench.servers import ROOT
from clinic.embedded.process import die_with_parent, free_port, stop_process

WEB_HOSTS = ("127.0.2.1", "127.0.2.2")
WORKER = ("--concurrency", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle")
DESKS = 3  # whose patients nobody else books


def environment(database: str, broker: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "SECRET_KEY": "only-for-this-benchmark",
        "PUBLIC_URL": "http://clinic.example",
        "ALLOWED_HOSTS": ",".join((*WEB_HOSTS, "testserver")),
        "MEDIA_ROOT": str(folder / "media"),
        "CLINIC_DEMO": "false",
        "CLINIC_LEASE_SECONDS": "2",
        "CLINIC_WAKE_SECONDS": "1",
        "WEB_CONCURRENCY": "1",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "DEFAULT_FROM_EMAIL": "hello@clinic.example",
        "SMS_PROVIDER": "http",
        "SMS_HTTP_KIND": "none",  # who may ask nobody must be in doubt, and never send again
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
    }


def fill(patients: int) -> str:
    """A clinic with so many patients who can be booked, and a message at once for each booking;
    returns the token of its desk. Django is set up, the database migrated."""
    from django.core.management import call_command
    from django.db import connections
    from django.utils import timezone
    from knox.models import AuthToken

    from aftercare.dispatch import guard
    from bench import clinic_of
    from bench.sending.outbox import SITE, plan_sms
    from bench.servers import connect
    from clinic.models import Clinic, User

    call_command("seed_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        clinic_of.open_site(connection, SITE, bookable=patients)
    Clinic.objects.update(quiet_from="00:00", quiet_until="00:00")
    plan_sms(first=datetime.now(UTC), spread=timedelta(0))
    guard.adopt(at=timezone.now())  # a dump is no database that may send
    desk = User.objects.get(username=SITE.desk)
    token = str(AuthToken.objects.create(user=desk, expiry=timedelta(hours=9))[1])
    connections.close_all()
    return token


class Provider:
    """A gateway that neither de-duplicates nor can be asked; its ledger is the judge."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "ledger")
        self._process = start(
            folder / "provider.log",
            *("bench/faults/provider.py", "none", str(self.ledger.path), "5", "20"),
        )
        self.port = answer(self._process)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Workers:
    """Two, and two beats, forked from what has imported everything; killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._nursery = start(folder / "workers.log", "bench/faults/warm.py", "clinic")
        self.programs: list[psutil.Process] = []

    def start(self) -> None:
        for number in (1, 2):
            self._celery("worker", *WORKER, "-n", f"worker{number}@bench")
            self._celery("beat", "--pidfile=", "-l", "CRITICAL")

    def _celery(self, *arguments: str) -> None:
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(f"{' '.join(arguments)}\n".encode())
        self._nursery.stdin.flush()
        self.programs.append(psutil.Process(answer(self._nursery)))

    def stop(self) -> None:
        self._nursery.kill()
        self._nursery.wait()
        for program in self.programs:
            kill_tree(program)


@contextmanager
def web(folder: Path) -> Iterator[list[tuple[str, int]]]:
    """gunicorn on each of the two hosts; gives their addresses."""
    port = free_port()
    servers = []
    try:
        for host in WEB_HOSTS:
            servers.append(
                start(
                    folder / f"web-{host}.log",
                    *("-m", "gunicorn", "clinic.wsgi:application"),
                    *("--bind", f"{host}:{port}", "--log-level", "warning"),
                )
            )
        yield [(host, port) for host in WEB_HOSTS]
    finally:
        for server in servers:
            stop_process(server, signal.SIGTERM, 10)


def wait_for(hosts: list[tuple[str, int]]) -> None:
    wait_until("web", lambda: all(answers(*host) for host in hosts), seconds=60)


def answers(host: str, port: int) -> bool:
    try:
        DIRECT.open(f"http://{host}:{port}/healthz", timeout=2).close()
    except OSError:
        return False
    return True


def start(log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if arguments[0].startswith("bench/") else file,
            stderr=file,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )


def answer(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())
