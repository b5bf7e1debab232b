"""The targets of booking, and whether a run has met them."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.clinic_of import today
from bench.stats import Machine, Result, growth, table, together

GROWTH = 1.5
# Of booking, by clients: an index of a million rows is deeper than one of ten thousand.
OF_BOOKING = {1: 2.0, 4: 1.3}
SITTING = 1.3
MEASURES = {
    "slots of one practitioner and day": "day of one",
    "slots of ten practitioners and a week": "week of ten",
    "day list of 800 rows": "day list",
}
LIMITS = {"day of one": 40, "week of ten": 80, "day list": 100}
QUERIES = {"first": 10, "again": 10, "move": 14, "availability": 3, "day list": 3}
WORDS = {"first": "first booking", "again": "returning patient", "move": "move"}
FLOOR = 15  # per cent of bare psycopg that sends the same statements
# ms until the slowest of so many clients, who all want one slot, has its answer. Each refusal is an
# answer that somebody has to make: ten times as many take ten times as long, or the queue is wrong.
HOT = {50: 1_000, 500: 10_000}
Row = tuple[str, str, str, bool | None]


def report(found: dict[str, Any]) -> str:
    """All figures, the machine, and a table of the targets."""
    machine: Machine = found["machine"]
    results: dict[str, list[Result]] = found["results"]
    whole = {name: together(rounds) for name, rounds in results.items()}
    slowness = max(1.0, median(machine.slowness))
    rows = [
        *_bookings(results, whole, slowness),
        *_hot(whole, found["deadlocks"]),
        *_reads(whole),
        *_growth(results),
        *_statements(found["queries"]),
    ]
    lines = "\n".join(f"{name:28} {result.line()}" for name, result in whole.items())
    return f"\n{lines}\n\n{today()}; {machine.line()}\n\n{table(rows)}\n"


def _bookings(
    results: Mapping[str, list[Result]], whole: Mapping[str, Result], slowness: float
) -> list[Row]:
    rows: list[Row] = []
    for kind, word in WORDS.items():
        worked = whole[f"{kind} × 4, clinic"]
        spent = ", ".join(f"{role} {worked.processor_ms(role):.1f}" for role in worked.spent)
        rows += [
            (f"{word}, all answers 201", "all", *_only_201(worked)),
            (f"{word}, of the processors", "–", f"{spent} ms, {worked.per_second:.0f}/s", None),
        ]
    booked = whole["first × 4, clinic"]
    limit = 60 * slowness
    p99 = booked.ms(99)
    rows.append(("first booking, p99", f"≤ 60 ms × {slowness:.2f}", f"{p99:.0f} ms", p99 <= limit))
    same = share(results["first × 4, clinic"], results["floor"])
    least = share(results["first × 4, clinic"], results["the least"])
    rows += [
        (
            "first booking ÷ its own statements by bare psycopg",
            f"≥ {FLOOR} %",
            f"{same:.1%} of {whole['floor'].per_second:.0f}/s",
            same >= FLOOR / 100,
        ),
        (
            "first booking ÷ the least that any booking must",
            "–",
            f"{least:.1%} of {whole['the least'].per_second:.0f}/s",
            None,
        ),
    ]
    return rows


def _only_201(result: Result) -> tuple[str, bool]:
    return str(dict(result.statuses)), set(result.statuses) == {201}


def share(some: Sequence[Result], of: Sequence[Result]) -> float:
    """Answers a second of one over those of the other, round by round; the median counts."""
    pairs = zip(some, of, strict=True)
    return median(one.per_second / other.per_second for one, other in pairs)


def _hot(whole: Mapping[str, Result], deadlocks: int) -> list[Row]:
    rows: list[Row] = [("hot slot, deadlocks", "0", str(deadlocks), deadlocks == 0)]
    for clients, limit in HOT.items():
        hot = whole[f"hot slot × {clients}"]
        refused = clients - 1
        rows += [
            (
                f"hot slot, slowest of {clients}",
                f"≤ {limit / 1000:.0f} s",
                f"{hot.ms(100):.0f} ms",
                hot.ms(100) <= limit,
            ),
            (
                f"hot slot, {clients} clients",
                f"one 201, {refused} × 409 a time",
                str(dict(hot.statuses)),
                is_one_each(hot, clients),
            ),
        ]
    bare = whole["hot slot, bare INSERT"]
    measured = f"{dict(bare.statuses)}, slowest {bare.ms(100):.0f} ms"
    return [*rows, ("control: 8 bare INSERTs of one slot", "–", measured, None)]


def is_one_each(hot: Result, clients: int) -> bool:
    """Whether of so many clients each time one has booked and all others were refused."""
    booked, refused = hot.statuses[201], hot.statuses[409]
    return booked > 0 and refused == (clients - 1) * booked and booked + refused == len(hot.times)


def _reads(whole: Mapping[str, Result]) -> list[Row]:
    rows: list[Row] = []
    for title, name in MEASURES.items():
        for clients in (1, 4):
            read, limit = whole[f"{name} × {clients}, clinic"], LIMITS[name]
            met = read.ms(95) <= limit and set(read.statuses) == {200}
            title_of = f"{title}, {clients} client{'s' * (clients > 1)}, p95"
            rows.append((title_of, f"≤ {limit} ms", f"{read.ms(95):.0f} ms", met))
    return rows


def _growth(results: Mapping[str, list[Result]]) -> list[Row]:
    kinds = [(WORDS[kind], kind, OF_BOOKING) for kind in WORDS]
    kinds += [(title, name, {1: GROWTH, 4: GROWTH}) for title, name in MEASURES.items()]
    rows: list[Row] = []
    for title, name, limits in kinds:
        for clients, limit in limits.items():
            few, many = (results[f"{name} × {clients}, {size}"] for size in ("few", "clinic"))
            times = growth(few, many)
            rows.append(
                (
                    f"{title}, growth, {clients} client{'s' * (clients > 1)}",
                    f"≤ {limit} ×",
                    f"{times:.2f} ×",
                    times <= limit,
                )
            )
    sitting = growth(results["one area × 1, clinic"], results["two areas × 1, clinic"])
    measured = f"{sitting:.2f} ×"
    return [*rows, ("two areas ÷ one area", f"≤ {SITTING} ×", measured, sitting <= SITTING)]


def _statements(found: Mapping[str, tuple[int, int]]) -> list[Row]:
    return [
        (
            f"{WORDS.get(name, name)}, statements",
            f"≤ {QUERIES[name]}",
            f"{statements} and {marks} savepoint statements",
            statements <= QUERIES[name],
        )
        for name, (statements, marks) in found.items()
    ]
