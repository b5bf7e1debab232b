"""Sending: the product against bare senders and django-post_office; claiming at millions of rows.

    python -m bench.sending.speed [--messages 1000] [--rounds 5] [--rows 5000000]
                                  [--only send|claim] [--answer-ms 0] [--plain] [--quick]
                                  [--plans FILE] [--folder DIR]

It starts PostgreSQL (fsync on), Valkey and a mail server on loopback that takes everything. The
senders take turns: each round, every one of them sends the same number of the same e-mails, with
one connection and then with two (as many processes). django-post_office is installed into the
bench's folder for the time of the run. --plans keeps the plans of a claim in a file.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.booking.report import GROWTH
from bench.sending import backlog
from bench.servers import ROOT, address, connect, databases
from bench.stats import Machine, percentile, table

CONNECTIONS = (1, 2)
POST_OFFICE = ("django-post_office==3.12.0", "nh3")
LIMIT = 500  # claimed at once
SENDERS = "bench/sending/senders.py"
TIMES = 20


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


class Child:
    """A process that answers each line of JSON with a line of JSON."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, **request: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(request)}\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def children() -> Iterator[Any]:
    """Starts children, and stops them all at the end."""
    with ExitStack() as stack:

        def start(*command: str, **environment: str) -> Child:
            child = Child(*command, **environment)
            stack.callback(child.stop)
            return child

        yield start


def prepare(messages: int, postgres: Any) -> dict[str, str]:
    """The database `clinic`, empty ones beside it; returns the words of one e-mail."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from aftercare.models import Message
    from aftercare.texts.render import render, template_for
    from bench.sending.outbox import open_clinic, queue_emails

    call_command("migrate", verbosity=0, interactive=False)
    open_clinic(messages)
    queue_emails(1, occurrence=1)
    message = Message.objects.get()
    words = render(message, template_for(message))
    Message.objects.all().delete()
    connections.close_all()
    with postgres.connect_as_superuser() as superuser:
        for count in CONNECTIONS:
            superuser.execute(f"CREATE DATABASE post_office_{count} OWNER clinic")
    return {"subject": words.subject, "text": words.text, "html": words.html, "to": words.to}


def install_post_office(folder: Path) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--target", str(folder), *POST_OFFICE], capture_output=True, text=True
    )
    if done.returncode:
        say(f"without django-post_office: {done.stderr.strip()[-200:]}")
    return not done.returncode


def throughput(
    words: dict[str, str], messages: int, rounds: int, sink_options: list[str], folder: Path
) -> Any:
    """Messages per second, for each sender and number of connections, round by round."""
    from bench.sending.outbox import queue_emails

    found: dict[str, list[float]] = {}
    with children() as start:
        sink = start("bench/sending/sink.py", *sink_options)
        port = str(sink.hear())
        mail = {"EMAIL_URL": f"smtp://127.0.0.1:{port}"}
        senders = {
            f"{way} × {count}": [start(SENDERS, way, **mail) for _ in range(count)]
            for count in CONNECTIONS
            for way in ("raw", "django", "product")
        }
        if install_post_office(folder / "peer"):
            for count in CONNECTIONS:
                peer = start(
                    *("bench/sending/peer.py", port, str(count)),
                    DATABASE_URL=address(f"post_office_{count}"),
                    PYTHONPATH=str(folder / "peer"),
                )
                senders[f"post_office × {count}"] = [peer]
        expected = 0
        for number in range(-1, rounds):  # the first round is to warm up
            for name, processes in senders.items():
                each = messages // len(processes)
                if name.startswith("product"):
                    queue_emails(messages, occurrence=10 + expected // messages)
                for process in processes:
                    process.tell(messages=each, words=words)
                answers = [process.hear() for process in processes]
                seconds = max(answer["seconds"] for answer in answers)
                spent = sum(answer.get("processor", 0) for answer in answers)
                expected += each * len(processes)
                sink.tell()
                if (taken := sink.hear()) != expected:
                    raise RuntimeError(f"{name}: {taken} e-mails taken instead of {expected}")
                if number >= 0:
                    found.setdefault(name, []).append(messages / seconds)
                    each_ms = spent / messages * 1000
                    say(f"{name:16} {messages / seconds:7.0f}/s, {each_ms:5.2f} ms of processor")
    return found


def claims(rows: int, rounds: int, postgres: Any, plans: Path | None) -> Any:
    """Finding and claiming in outboxes of three sizes, which are asked in turn."""
    sizes = [size for size in backlog.SIZES if size <= rows] or [rows]
    due = min(backlog.DUE, sizes[0])
    names, begin = {}, 0
    with connect() as connection:
        connection.execute("TRUNCATE aftercare_message CASCADE")
    for size in sizes:
        say(backlog.grow("clinic", begin, size, due=due))
        names[size], begin = f"rows_{size}", size
        with postgres.connect_as_superuser() as superuser:
            superuser.execute(f"CREATE DATABASE {names[size]} OWNER clinic TEMPLATE clinic")
    found: dict[str, dict[int, list[float]]] = {"finding": {}, "claiming": {}}
    with children() as start:
        workers = {
            size: start(SENDERS, "claim", DATABASE_URL=address(name))
            for size, name in names.items()
        }
        for number in range(-1, rounds):
            for size, worker in workers.items():
                with connect(names[size]) as connection:
                    connection.execute("VACUUM aftercare_message")
                worker.tell(limit=LIMIT, times=min(TIMES, due // LIMIT))
                answer = worker.hear()
                assert answer["claimed"] == LIMIT * min(TIMES, due // LIMIT)
                if number >= 0:
                    for what, times in found.items():
                        times.setdefault(size, []).extend(answer[what])
        workers[max(sizes)].tell(explain=True)
        explained = workers[max(sizes)].hear()
    if plans:
        plans.write_text("\n\n".join(explained.values()) + "\n")
    return found


def sending_rows(found: dict[str, list[float]]) -> list[tuple[str, str, str, bool | None]]:
    rows: list[tuple[str, str, str, bool | None]] = []
    for count in CONNECTIONS:
        mine = found[f"product × {count}"]
        goals = {"raw": None, "django": 0.65, "post_office": 0.85}
        for way, goal in goals.items():
            if other := found.get(f"{way} × {count}"):
                share = median(a / b for a, b in zip(mine, other, strict=True))
                limit = f"≥ {goal:.0%}" if goal else "–"
                met = share >= goal if goal else None
                connections = f"{count} connection{'s' * (count > 1)}"
                rows.append((f"product ÷ {way}, {connections}", limit, f"{share:.0%}", met))
    return rows


def claiming_rows(found: Any) -> list[tuple[str, str, str, bool | None]]:
    rows: list[tuple[str, str, str, bool | None]] = []
    for size, times in found["finding"].items():
        ms = median(times) * 1000
        text = f"{ms:.2f} ms (p99 {percentile(times, 99) * 1000:.1f})"
        rows.append((f"find {LIMIT} due of {size:,}", "≤ 2 ms", text, ms <= 2))
    for size, times in found["claiming"].items():
        speed = LIMIT / median(times)
        text = f"{speed:,.0f} rows/s ({median(times) * 1000:.1f} ms each)"
        rows.append((f"claim {LIMIT} of {size:,}", "≥ 15,000 rows/s", text, speed >= 15_000))
    *smaller, large = sorted(found["claiming"])
    for size in smaller:
        growth = median(found["claiming"][large]) / median(found["claiming"][size])
        limit = 1.3 if large <= 10 * size else GROWTH
        name = f"claiming, {size:,} → {large:,} rows"
        rows.append((name, f"≤ {limit} ×", f"{growth:.2f} ×", growth <= limit))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=1000, help="of each sender and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the largest outbox")
    parser.add_argument(
        "--answer-ms", type=float, default=0, help="what the mail server takes, as over a network"
    )
    parser.add_argument(
        "--plain", action="store_true", help="a mail server that does not offer PIPELINING"
    )
    parser.add_argument("--only", choices=["send", "claim"])
    parser.add_argument("--quick", action="store_true", help="200 e-mails, 2 rounds, 500,000 rows")
    parser.add_argument("--plans", type=Path, help="where to write the plans of a claim")
    parser.add_argument("--folder", type=Path, help="on a disk with 12 GB free; else the usual one")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.messages, arguments.rounds, arguments.rows = 200, 2, 500_000
    began, machine, rows = time.monotonic(), Machine(), []
    with databases(arguments.folder) as postgres:
        words = prepare(max(arguments.messages, 5000), postgres)
        machine.look()
        if arguments.only != "claim":
            sent = throughput(
                words,
                arguments.messages,
                arguments.rounds,
                [str(arguments.answer_ms), *["plain"] * arguments.plain],
                postgres.folder.parent,
            )
            for name, speeds in sent.items():
                print(f"{name:16} {median(speeds):6.0f}/s  {[round(speed) for speed in speeds]}")
            rows += sending_rows(sent)
        machine.look()
        if arguments.only != "send":
            claimed = claims(arguments.rows, arguments.rounds, postgres, arguments.plans)
            rows += claiming_rows(claimed)
            machine.look()
    print(f"\n{machine.line()}\n\n{table(rows)}\n\n{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
