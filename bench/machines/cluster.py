"""Bookings and messages while machines fail: three PostgreSQL nodes, two web hosts, two workers.

    python -m bench.machines.cluster [--rounds 3] [--quick] [--folder DIR]

PostgreSQL 18 from the wheel under Patroni, etcd from Debian, libpq with all three hosts, gunicorn
and Celery as in production, a provider that neither de-duplicates nor can be asked. Desks book all
the time, and each booking sends a message. In each round: PostgreSQL of the leader is killed (-9);
the leader's whole machine is; the leader is cut off from etcd, and comes back; the broker is
killed. --quick does the first and the last, once. At the end a standby that lacks a call takes
over. All is started here, and removed.

The exit code is 0 if each acknowledged booking is there, once, no message was sent twice, none is
lost without a word, and dispatch went on by itself, but not after the last fail-over; 1 if not; 2
if this computer lacks something, which is named.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bench.faults.breakable import BreakableValkey
from bench.faults.judge import Ledger, judge
from bench.machines import clinic
from bench.machines.desks import Desks
from bench.machines.machine import Missing, require, wait_until
from bench.machines.postgres import TTL, Cluster, Node
from bench.servers import connect

PATIENTS = 4000
WHOLE = 90.0
# Seconds without an acknowledged booking. PostgreSQL's own death is seen at once, that of a machine
# when its key has run out, which Patroni makes no shorter than TTL.
AT_MOST = {
    "PostgreSQL killed": 20.0,
    "machine killed": TTL + 10.0,
    "cut off": TTL + 10.0,
    "broker": 5.0,
}


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


@dataclass
class Faults:
    """What fails, and how long until a booking was acknowledged again."""

    cluster: Cluster
    valkey: BreakableValkey
    desks: Desks
    times: list[tuple[str, float]] = field(default_factory=list)

    def round(self, *, quick: bool) -> None:
        self._strike("PostgreSQL killed", lambda node: node.kill_program("postgres"))
        if not quick:
            self._strike("machine killed", lambda node: node.kill(), lambda node: node.start())
            self._strike("cut off", lambda node: node.link.cut(), lambda node: node.link.mend())
        self._strike("broker", lambda _: self.valkey.crash(away=1.0))

    def _strike(
        self,
        name: str,
        strike: Callable[[Node], object],
        mend: Callable[[Node], object] = lambda _: None,
    ) -> None:
        wait_until("a whole cluster", self.cluster.is_whole, seconds=WHOLE)
        self._wait_for_booking(time.monotonic())
        leader = self.cluster.leader()
        assert leader is not None
        began = time.monotonic()
        strike(leader)
        if name != "broker":
            # What is acknowledged meanwhile was on its way; another leader must be there first.
            wait_until("another leader", lambda: self.cluster.other_than(leader), seconds=WHOLE)
        self._wait_for_booking(time.monotonic())
        gap = self.longest_gap(began)
        say(f"{name}: {gap:.1f} s without a booking")
        self.times.append((name, gap))
        mend(leader)

    def longest_gap(self, began: float) -> float:
        """The longest time without an acknowledged booking from just before the fault on."""
        times = sorted(at for at, _ in self.desks.bookings.acknowledged)
        before = [at for at in times if at <= began][-1:]
        after = [at for at in times if at > began]
        both = [*before, *after]
        return max(b - a for a, b in pairwise(both))

    def _wait_for_booking(self, moment: float) -> None:
        wait_until(
            "a booking",
            lambda: self.desks.bookings.first_after(moment) is not None,
            seconds=WHOLE,
        )


def migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def lose_the_tail(cluster: Cluster, desks: Desks, ledger: Ledger) -> list[str]:
    """Fail over to a standby that lacks a call, as can be without synchronous ones: dispatch has to
    ask a person."""
    from django.db import connections

    from aftercare.dispatch import guard

    wait_until("a whole cluster", cluster.is_whole, seconds=WHOLE)
    lax = {"synchronous_mode": False, "synchronous_mode_strict": False}
    cluster.configure(**lax, maximum_lag_on_failover=2**30)
    wait_until("commits that wait for nobody", lambda: not cluster.is_confirmed(), seconds=WHOLE)
    leader, before = cluster.leader(), len(ledger.look())
    assert leader is not None
    standbys = [node for node in cluster.nodes if node is not leader]
    for node in standbys:
        node.signal("walreceiver", signal.SIGSTOP)
    with desks:
        wait_until("a message", lambda: len(ledger.look()) > before, seconds=WHOLE)
        leader.kill_program("postgres")
        for node in standbys:  # ended before it reads what was on the way
            node.signal("walreceiver", signal.SIGTERM, signal.SIGCONT)
        wait_until("another leader", lambda: cluster.other_than(leader), seconds=WHOLE)
    connections.close_all()
    with connect() as connection:
        rows = connection.execute("SELECT id::text FROM aftercare_message").fetchall()
    if {key for _, key in ledger.look()} <= {str(row[0]) for row in rows}:
        return ["no call was lost: that dispatch asked would prove nothing"]
    asks = guard.check() or "went on, though it does not know of a call"
    say(f"fail-over without what was called for: {asks}")
    return [] if asks == "not the database that may send: other timeline" else [asks]


def drained() -> bool:
    with connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM aftercare_message"
            " WHERE status IN ('PENDING', 'CLAIMED', 'SENDING')"
        ).fetchone()
    assert found is not None
    return found[0] == 0


def faults_of(desks: Desks, ledger: Ledger) -> list[str]:
    """What must not be."""
    told = desks.bookings
    with connect() as connection:
        rows = connection.execute("SELECT id::text FROM treatment_session").fetchall()
    there = {str(row[0]) for row in rows}
    acknowledged = {session for _, session in told.acknowledged}
    found = judge("clinic", ledger)
    say(
        f"{len(acknowledged)} bookings acknowledged, {len(there)} there; answers "
        f"{dict(told.statuses)}; {found.messages} messages, received {found.once} once, "
        f"statuses {dict(found.statuses)} (in doubt and received: {found.in_doubt_delivered})"
    )
    faults = {
        "acknowledged bookings lost": len(acknowledged - there),
        "bookings doubled": len(there - acknowledged),
        "bookings acknowledged twice": len(told.acknowledged) - len(acknowledged),
        "bookings without their message": len(there) - found.messages,
        **dict.fromkeys(found.wrong("none"), 1),
        **dict.fromkeys(told.wrong, 1),
    }
    return [f"{count} {name}" for name, count in faults.items() if count]


def run(arguments: argparse.Namespace, folder: Path, stack: ExitStack) -> list[str]:
    cluster, valkey = Cluster(folder), BreakableValkey(folder / "valkey")
    stack.callback(cluster.stop)
    cluster.start()
    stack.callback(valkey.stop)
    valkey.start()
    os.environ.update(clinic.environment(cluster.url, valkey.url, folder))
    try:
        provider = clinic.Provider(folder)
        stack.callback(provider.stop)
        os.environ["SMS_HTTP_URL"] = f"http://127.0.0.1:{provider.port}/sms"
        workers = clinic.Workers(folder)
        stack.callback(workers.stop)
        hosts = stack.enter_context(clinic.web(folder))  # imports, while the database is filled
        migrate()
        token = clinic.fill(PATIENTS)
        say("the clinic is there")
        cluster.add_standbys()
        clinic.wait_for(hosts)
        workers.start()
        say("on three nodes, with web and workers")
        with Desks(hosts, token, number=clinic.DESKS) as desks:
            wait_until("the first message", provider.ledger.look, seconds=60)
            faults = Faults(cluster, valkey, desks)
            for _ in range(1 if arguments.quick else arguments.rounds):
                faults.round(quick=arguments.quick)
            say("the faults are over")
        # By itself: nobody has said that it may. Workers ask for a lost broker ever more rarely.
        wait_until("an empty outbox", drained, seconds=60)
        wrong = faults_of(desks, provider.ledger)
        more = Desks(hosts, token, number=1, first=PATIENTS // 2)
        wrong += lose_the_tail(cluster, more, provider.ledger)
        wrong += [
            f"{took:.1f} s until a booking: {name}"
            for name, took in faults.times
            if took > AT_MOST[name]
        ]
        for name, took in faults.times:
            print(f"{name}: {took:.1f} s without an acknowledged booking")
    except Exception:
        for log in (*folder.glob("*.log"), *folder.glob("*/patroni.log")):
            say(f"--- {log.name}: {log.read_text(errors='replace')[-2500:]}")
        raise
    if wrong:
        for log in folder.glob("w*.log"):
            say(f"--- {log.name}: {log.read_text(errors='replace')[-2500:]}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, help="for the databases; else the usual one")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    began = time.monotonic()
    try:
        require()
    except Missing as missing:
        print(missing)
        return 2
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="clinic-cluster-", dir=arguments.folder))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        wrong = run(arguments, folder, stack)
    for fault in wrong:
        print(f"WRONG: {fault}")
    print(f"{time.monotonic() - began:.0f} s in all")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
