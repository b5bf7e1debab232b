"""One clinic of several that suffer the same faults: database, broker, provider, workers, beats."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil

from bench.faults.breakable import kill_tree
from bench.faults.judge import Ledger
from bench.servers import ROOT, address, connect
from clinic.embedded.process import die_with_parent

BEFORE, AFTER = 10, 60  # ms at most until the provider accepts, and then until it says so
OPTIONS = ("--concurrency", "2", "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle")


class Arm:
    """The product with a provider of `kind`, or the control.

    Two workers of two processes each and two beats, all of which are started again when they end,
    as a service manager does.
    """

    def __init__(self, name: str, number: int, folder: Path, *, lease: float, wake: float) -> None:
        self.name, self.number = name, number
        self.kind = "none" if name == "control" else name
        self.app = "bench.faults.naive" if name == "control" else "clinic"
        self.ledger, self.log = Ledger(folder / f"{name}.ledger"), folder / f"{name}.log"
        self.faults: Counter[str] = Counter()
        self.lease, self.wake = lease, wake
        self.workers: list[psutil.Process] = []
        self.beats: list[psutil.Process] = []
        self.provider: subprocess.Popen[bytes] | None = None
        self.nursery: subprocess.Popen[bytes] | None = None
        self.ended_early = False
        self._looked = 0

    def prepare(self) -> None:
        """Start the provider, and what the workers are forked from."""
        self.provider = self._start(
            *("bench/faults/provider.py", self.kind, str(self.ledger.path), str(BEFORE), str(AFTER))
        )
        port = _answer(self.provider)
        broker, _, _ = os.environ["REDIS_URL"].rpartition("/")
        self.nursery = self._start(
            *("bench/faults/warm.py", self.app),
            DATABASE_URL=address(self.name),
            REDIS_URL=f"{broker}/{self.number}",
            SMS_HTTP_URL=f"http://127.0.0.1:{port}/sms",
            SMS_HTTP_LOOKUP_URL=f"http://127.0.0.1:{port}/sms",
            SMS_HTTP_KIND=self.kind,
            CLINIC_LEASE_SECONDS=str(self.lease),
            CLINIC_WAKE_SECONDS=str(self.wake),
            LOG_LEVEL="CRITICAL",
        )

    def start(self) -> None:
        self.workers = [self._worker(number) for number in range(2)]
        self.beats = [self._beat() for _ in range(2)]

    def open(self, planned_for: datetime, now: datetime) -> None:
        """This copy may send; all due times move from what they were planned for to now on."""
        with connect(self.name) as connection:
            connection.execute(
                "UPDATE aftercare_message SET due_at = due_at + %(by)s,"
                " expires_at = expires_at + %(by)s",
                {"by": now - planned_for},
            )
            connection.execute(
                "UPDATE aftercare_dispatch_guard SET database_oid ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )

    def _start(self, *command: str, **environment: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches only us
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def _celery(self, *arguments: str) -> psutil.Process:
        assert self.nursery is not None
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(f"{' '.join(arguments)}\n".encode())
        self.nursery.stdin.flush()
        return psutil.Process(_answer(self.nursery))

    def _worker(self, number: int) -> psutil.Process:
        return self._celery("worker", *OPTIONS, "-n", f"{self.name}{number}@bench")

    def _beat(self) -> psutil.Process:
        return self._celery("beat", "--pidfile=", "-l", "CRITICAL")

    def keep_running(self) -> None:
        """Start again what has ended by itself: a service manager's part."""
        if self.ended_early:
            return
        for number, worker in enumerate(self.workers):
            if not worker.is_running():
                self.faults["worker ended"] += 1
                self.workers[number] = self._worker(number)
        for number, beat in enumerate(self.beats):
            if not beat.is_running():
                self.faults["beat ended"] += 1
                self.beats[number] = self._beat()

    def kill_child(self, random: random.Random, *, sent_since: int) -> None:
        """Kill one process that sends, unless fewer messages than that went out since the last.

        A message during which six workers have died is given up, as it should be: on a machine
        that hardly gets anywhere between two kills, that would happen to many.
        """
        if (sent := len(self.ledger.look())) < self._looked + sent_since:
            return
        children: list[psutil.Process] = []
        for worker in self.workers:
            with suppress(psutil.NoSuchProcess):
                children += worker.children()
        if children:
            with suppress(psutil.NoSuchProcess):
                random.choice(children).kill()
                self.faults["child killed"] += 1
                self._looked = sent

    def kill_worker(self, random: random.Random) -> None:
        number = random.randrange(2)
        kill_tree(self.workers[number])
        self.workers[number] = self._worker(number)
        self.faults["worker killed"] += 1

    def kill_beat(self, random: random.Random) -> None:
        number = random.randrange(2)
        kill_tree(self.beats[number])
        self.beats[number] = self._beat()
        self.faults["beat killed"] += 1

    def left(self) -> int:
        """Messages that are still on their way."""
        with connect(self.name) as connection:
            found = connection.execute(
                "SELECT count(*) FROM aftercare_message"
                " WHERE status IN ('PENDING', 'CLAIMED', 'SENDING')"
            ).fetchone()
        assert found is not None
        return int(str(found[0]))

    def stop(self) -> None:
        for process in (self.nursery, self.provider):
            if process:
                process.kill()
                process.wait()
        for program in (*self.beats, *self.workers):
            kill_tree(program)


def _answer(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())
