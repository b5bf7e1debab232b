"""Booking here and elsewhere: django-appointment and, from its source, Easy!Appointments.

    python -m bench.peers.compare [--easyappointments FOLDER] [--rounds 4] [--seconds 3]
                                  [--sessions 60000] [--short] [--folder DIR]

Each has its own servers and 60,000 old bookings; they are asked in turn, round by round, by four
clients, so that a busy machine slows all. The product takes part with its worker off and with
worker and beat on; then the processors' time runs until the last message is sent. One slot that 50
clients want at once, in the end, for each. What is left out of a comparison stands in its table.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.booking import load
from bench.booking.course import enough
from bench.booking.data import prepare, say
from bench.clinic_of import BIG, today
from bench.peers.contender import Contender
from bench.peers.django_appointment import django_appointment
from bench.peers.easyappointments import Missing, easyappointments
from bench.peers.product import product
from bench.processes import metered
from bench.servers import servers
from bench.stats import Machine, Result, table, together
from clinic.embedded import Postgres, Valkey

CLIENTS, RUSH = 4, 50
KINDS = {"first": "first booking", "again": "returning patient"}
OURS = "product, worker on"
GOAL_MS = 7.0  # of all processors for one booking, worker and beat on
Figures = dict[tuple[str, str], list[Result]]


@contextmanager
def contenders(options: argparse.Namespace) -> Iterator[list[Contender]]:
    with ExitStack() as stack:
        folder, postgres, _ = stack.enter_context(servers(options.folder, Postgres, Valkey))
        token = prepare(options.sessions, postgres, messages=1)[BIG.desk]
        found = stack.enter_context(product(folder, postgres, token))
        found = [*found, stack.enter_context(django_appointment(folder, postgres))]
        if options.easyappointments:
            try:
                peer = easyappointments(folder / "easy", options.easyappointments)
                found.append(stack.enter_context(peer))
            except Missing as missing:
                say(str(missing))
        yield found


def measure(found: list[Contender], *, rounds: int, seconds: float, machine: Machine) -> Figures:
    figures: Figures = {}
    result = Result()
    for number in range(-1, rounds):  # the first round is to warm up
        say(f"round {number + 1}" if number >= 0 else "warming up")
        machine.look()
        for one in found:
            with one.working():
                for kind in KINDS:
                    if kind == "again":
                        one.stock(enough(result))
                        one.settle()
                    result = metered(one.roles, partial(_book, one, kind, seconds))
                    say(f"{one.name:20} {kind:6} {result.line()}")
                    if number >= 0:
                        figures.setdefault((one.name, kind), []).append(result)
    return figures


def _book(one: Contender, kind: str, seconds: float) -> Result:
    """Bookings for so long; what they have caused is waited for, outside of their time."""
    result = load.hammer(one.door, getattr(one, kind), clients=CLIENTS, seconds=seconds)
    one.settle()
    return result


def race(found: list[Contender]) -> dict[str, tuple[Result, int]]:
    """One slot and 50 clients: the answers, and how many bookings of it stand afterwards."""
    raced = {}
    for one in found:
        with one.working():
            result = load.all_at_once(one.door, one.rush(RUSH))
            raced[one.name] = result, one.in_rush()
            say(f"{one.name:20} one slot: {dict(result.statuses)}, {raced[one.name][1]} stand")
    return raced


def ratios(ours: list[Result], theirs: list[Result]) -> list[float]:
    """Bookings a second of ours over theirs, round by round."""
    return [a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True)]


def report(
    found: list[Contender], figures: Figures, raced: dict[str, tuple[Result, int]], machine: Machine
) -> str:
    parts = [
        f"Booking here and elsewhere; {today()}; {machine.line()}",
        _speeds(found, figures),
        table(_targets(found, figures, raced)),
        _what_each_does(found, raced),
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def _speeds(found: list[Contender], figures: Figures) -> str:
    lines = [
        "| who | what | bookings/s | p50, p95 ms | web | database | worker | in all, ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        for kind, words in KINDS.items():
            whole = together(figures[one.name, kind])
            each = [
                f"{whole.processor_ms(role):.1f}" if role in whole.spent else "–"
                for role in ("web", "database", "worker")
            ]
            lines.append(
                f"| {one.name} | {words} | {whole.per_second:.0f} | {whole.ms(50):.0f}, "
                f"{whole.ms(95):.0f} | {' | '.join(each)} | {in_all(whole):.1f} |"
            )
    return "\n".join(lines)


def in_all(result: Result) -> float:
    """ms of all processors for one booking."""
    return sum(result.processor_ms(role) for role in result.spent)


def _targets(
    found: list[Contender], figures: Figures, raced: dict[str, tuple[Result, int]]
) -> list[tuple[str, str, str, bool | None]]:
    rows: list[tuple[str, str, str, bool | None]] = []
    for kind, words in KINDS.items():
        ours = figures[OURS, kind]
        whole = together(ours)
        good = set(whole.statuses) <= {200, 201}
        rows.append((f"{words}: all answers good", "all", str(dict(whole.statuses)), good))
        spent = in_all(whole)
        limit = f"≤ {GOAL_MS:.0f} ms"
        rows.append((f"{words}: of the processors", limit, f"{spent:.1f} ms", spent <= GOAL_MS))
        for one in found:
            if not one.name.startswith("product"):
                each = ratios(ours, figures[one.name, kind])
                said = f"{median(each):.2f} × ({min(each):.2f} to {max(each):.2f})"
                rows.append((f"{words}: ÷ {one.name}", "≥ 1.0 ×", said, median(each) >= 1.0))
    for one in found:
        if one.name.startswith("product"):
            result, stand = raced[one.name]
            met = stand == 1 and result.statuses[201] == 1 and result.statuses[409] == RUSH - 1
            said = f"{dict(result.statuses)}, {stand} stand"
            rows.append((f"one slot, {RUSH} clients: {one.name}", "one", said, met))
    return rows


def _what_each_does(found: list[Contender], raced: dict[str, tuple[Result, int]]) -> str:
    shown = [one for one in found if one.name != "product, worker off"]
    names = [one.name.partition(",")[0] for one in shown]
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(shown) + 1) + "|"]
    for what in shown[0].said:
        lines.append(f"| {what} | {' | '.join(one.said[what] for one in shown)} |")
    stand = [f"{raced[one.name][1]} of {RUSH}" for one in shown]
    lines.append(f"| bookings of one slot that {RUSH} want at once | {' | '.join(stand)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--easyappointments", type=Path, help="a folder with its source")
    parser.add_argument("--sessions", type=int, default=60_000, help="of the product")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each cell of a round")
    parser.add_argument("--short", action="store_true", help="two rounds of a second")
    parser.add_argument("--folder", type=Path, help="on a disk with 4 GB free; else the usual one")
    options = parser.parse_args()
    if options.short:
        options.rounds, options.seconds, options.sessions = 2, 1.5, 20_000
    machine = Machine()
    with contenders(options) as found:
        figures = measure(found, rounds=options.rounds, seconds=options.seconds, machine=machine)
        print(report(found, figures, race(found), machine))


if __name__ == "__main__":
    main()
