"""Messages sent once while everything is killed: workers, broker, database, beat.

    python -m bench.faults.chaos [--messages 5000] [--kind dedupe --kind none] [--seconds 90]
                                 [--quick] [--seed 1] [--folder DIR]

It starts PostgreSQL (fsync on), Valkey, and for each kind of provider a clinic with a database, two
Celery workers of two processes, two beats, and a provider of its own, whose ledger is the judge.
Next to them runs a control, with workers that call the provider first and mark the message
afterwards. All suffer the same faults; then everything drains, and ledger and rows are compared.
CLINIC_LEASE_SECONDS (1) and CLINIC_WAKE_SECONDS (0.5) may be given.

The exit code is 0 if nothing was sent twice and nothing is lost without a word; 1 if not; 3 if
the control has sent nothing twice either, so that the faults prove nothing.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench.faults.arm import Arm
from bench.faults.breakable import BreakablePostgres, BreakableValkey
from bench.faults.judge import Judgement, judge
from bench.servers import servers

KINDS = ("dedupe", "none")
CONTROL = "control"
# Every so many seconds; in a run of less than 25, closer together.
EVERY = {"worker": 9.0, "flush": 5.0, "broker": 11.0, "database": 13.0, "beat": 17.0}
CHILD = 0.2
# Messages between two killed children, at least. The control counts no tries, so it gives none up.
SENT_SINCE, CONTROL_SENT_SINCE = 10, 3
DRAIN = 600.0


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def prepare(
    arms: list[Arm], messages: int, seconds: float, postgres: BreakablePostgres
) -> datetime:
    """Plan the messages once, and copy the database for each arm.

    Returns the moment that they are due from.
    """
    import django

    django.setup()
    from django.core.management import call_command

    from bench.sending.outbox import open_clinic, plan_sms

    call_command("migrate", verbosity=0, interactive=False)
    first = datetime.now(UTC) + timedelta(hours=1)
    open_clinic(messages)
    plan_sms(first=first, spread=timedelta(seconds=seconds * 0.75))
    with postgres.connect_as_superuser() as superuser:
        for arm in arms:
            superuser.execute(f"CREATE DATABASE {arm.name} OWNER clinic TEMPLATE clinic")
    return first


class Faults:
    """What is killed when. The random numbers are seeded; what they hit is up to the machine."""

    def __init__(
        self,
        arms: list[Arm],
        postgres: BreakablePostgres,
        valkey: BreakableValkey,
        *,
        seconds: float,
        seed: int,
    ) -> None:
        self.arms, self.postgres, self.valkey = arms, postgres, valkey
        self.random = random.Random(seed)
        pace = min(1.0, seconds / 25)
        self.every = {"child": CHILD, **{name: every * pace for name, every in EVERY.items()}}
        self.next = dict(self.every)
        self.counted: Counter[str] = Counter()

    def strike(self, elapsed: float, *, all_of_them: bool) -> None:
        """Do whatever is due by now, or only kill worker processes."""
        for name, every in self.every.items():
            if elapsed >= self.next[name] and (all_of_them or name == "child"):
                self.next[name] = elapsed + every
                self.counted[name] += 1
                getattr(self, f"_{name}")()

    def _running(self) -> list[Arm]:
        return [arm for arm in self.arms if not arm.ended_early]

    def _child(self) -> None:
        for arm in self._running():
            least = CONTROL_SENT_SINCE if arm.name == CONTROL else SENT_SINCE
            arm.kill_child(self.random, sent_since=least)

    def _worker(self) -> None:
        for arm in self._running():
            arm.kill_worker(self.random)

    def _beat(self) -> None:
        for arm in self._running():
            arm.kill_beat(self.random)

    def _flush(self) -> None:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            client.flushall()

    def _broker(self) -> None:
        self.valkey.crash(away=0.5)

    def _database(self) -> None:
        self.postgres.crash(away=0.3)


def wait_for(what: str, done: Any, seconds: float, arms: list[Arm]) -> None:
    ends = time.monotonic() + seconds
    while not done():
        if time.monotonic() > ends:
            raise RuntimeError(f"{what}: not after {seconds:.0f} s")
        for arm in arms:
            arm.keep_running()
        time.sleep(0.1)


def nearly_done(arms: list[Arm], messages: int) -> bool:
    return all(arm.ended_early or len(arm.ledger.look()) >= 0.9 * messages for arm in arms)


def doubled(arm: Arm) -> int:
    times = Counter(key for _, key in arm.ledger.look())
    return sum(count > 1 for count in times.values())


def drained(arms: list[Arm]) -> bool:
    try:
        return not any(arm.left() for arm in arms if not arm.ended_early)
    except psycopg.OperationalError:
        return False


def run(
    arms: list[Arm],
    faults: Faults,
    *,
    messages: int,
    seconds: float,
    first: datetime,
    enough: int,
) -> None:
    """Open the outboxes, break everything for so many seconds and kill workers until nearly all
    is sent, and let the rest drain. With `enough`, the control ends when it has doubled as many."""
    for arm in arms:
        arm.open(first, datetime.now(UTC))
    wait_for("the first message", lambda: all(arm.ledger.look() for arm in arms), 120, arms)
    began = time.monotonic()
    say("the first messages are out; faults follow")
    while (elapsed := time.monotonic() - began) < seconds or not nearly_done(arms, messages):
        if elapsed > seconds + DRAIN:
            raise RuntimeError(f"the messages are not out after {elapsed:.0f} s")
        faults.strike(elapsed, all_of_them=elapsed < seconds)
        for arm in arms:
            if arm.name == CONTROL and not arm.ended_early and 0 < enough <= doubled(arm):
                arm.ended_early = True
                arm.stop()
            arm.keep_running()
        time.sleep(0.02)
    sent = ", ".join(f"{arm.name} {len(arm.ledger.look())}" for arm in arms)
    say(f"{elapsed:.0f} s of faults are over ({sent} accepted); the rest may drain")
    wait_for("empty outboxes", lambda: drained(arms), DRAIN, arms)


def markdown(found: dict[str, Judgement], arms: list[Arm], faults: Faults) -> str:
    """The table for docs/performance.md."""
    titles = (
        *("provider", "messages", "once", "twice or more", "lost unflagged"),
        *("IN_DOUBT (received / not)", "lateness p50 / p99 / max", "children and workers killed"),
    )
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for arm in arms:
        figures = found[arm.name]
        kills = f"{arm.faults['child killed']} and {arm.faults['worker killed']}"
        cells = (
            arm.name,
            str(figures.messages),
            *figures.cells(ended_early=arm.ended_early),
            kills,
        )
        lines.append(f"| {' | '.join(cells)} |")
    names = {"flush": "flushes of the broker", "broker": "kills of the broker"}
    names |= {"database": "kills of PostgreSQL"}
    shared = ", ".join(f"{faults.counted[key]} {name}" for key, name in names.items())
    ended = sum((arm.faults for arm in arms), Counter())
    return "\n".join(
        [
            *lines,
            "",
            f"All arms: {shared}, {ended['beat killed']} of a beat. Ended by themselves: "
            f"{ended['worker ended']} workers, {ended['beat ended']} beats.",
        ]
    )


def verdict(found: dict[str, Judgement], arms: list[Arm]) -> int:
    wrong = {
        arm.name: arm_wrong
        for arm in arms
        if arm.name != CONTROL and (arm_wrong := found[arm.name].wrong(arm.kind))
    }
    for name, faults in wrong.items():
        say(f"WRONG, {name}: {', '.join(faults)}; statuses {dict(found[name].statuses)}")
    if wrong:
        return 1
    if not found[CONTROL].doubled:
        say("The control has sent nothing twice: the faults were too weak to prove anything.")
        return 3
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=5000, help="of each arm")
    parser.add_argument("--kind", action="append", choices=["dedupe", "lookup", "none"])
    parser.add_argument("--seconds", type=float, default=90.0, help="of faults")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="500 messages, 10 s of faults, and a control that ends when it has doubled",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the database; else the usual one")
    arguments = parser.parse_args()
    messages, seconds = (500, 10.0) if arguments.quick else (arguments.messages, arguments.seconds)
    lease = float(os.environ.get("CLINIC_LEASE_SECONDS", "1"))
    wake = float(os.environ.get("CLINIC_WAKE_SECONDS", "0.5"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    began = time.monotonic()
    with ExitStack() as stack:
        folder, postgres, valkey = stack.enter_context(
            servers(arguments.folder, BreakablePostgres, BreakableValkey)
        )
        arms = [
            Arm(name, number, folder, lease=lease, wake=wake)
            for number, name in enumerate([*(arguments.kind or KINDS), CONTROL], start=1)
        ]
        for arm in arms:
            stack.callback(arm.stop)
            arm.prepare()
        first = prepare(arms, messages, seconds, postgres)
        say(f"{messages} messages planned for each of {', '.join(arm.name for arm in arms)}")
        for arm in arms:
            arm.start()
        faults = Faults(arms, postgres, valkey, seconds=seconds, seed=arguments.seed)
        run(
            arms,
            faults,
            messages=messages,
            seconds=seconds,
            first=first,
            enough=3 * arguments.quick,
        )
        found = {arm.name: judge(arm.name, arm.ledger) for arm in arms}
        code = verdict(found, arms)
        if code == 1:
            for arm in arms:
                say(f"{arm.name}: {arm.log.read_text(errors='replace')[-3000:]}")
    print(markdown(found, arms, faults))
    print(f"\n{time.monotonic() - began:.0f} s in all, exit code {code}")
    return code


if __name__ == "__main__":
    sys.exit(main())
