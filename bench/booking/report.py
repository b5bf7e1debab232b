"""The targets of booking, and whether a run has met them."""

from statistics import median
from typing import Any

from bench.clinic_of import today
from bench.stats import Machine, growth, table, together

GROWTH = 1.5
SITTING = 1.3
MEASURES = {
    "booking": "booking",
    "slots of one practitioner and day": "day of one × 4",
    "slots of ten practitioners and a week": "week of ten × 4",
    "day list of 800 rows": "day list × 4",
}
LIMITS = {"day of one": 40, "week of ten": 80, "day list": 100}
QUERIES = {"booking": 10, "availability": 3, "day list": 3}
TITLES = dict(zip(LIMITS, list(MEASURES)[1:], strict=True))


def report(found: dict[str, Any]) -> str:
    """All figures, the machine, and a table of the targets."""
    machine: Machine = found["machine"]
    slowness = median(machine.slowness)
    results = found["results"]
    whole = {name: together(rounds) for name, rounds in results.items()}
    booked, hot = whole["booking, clinic"], whole["hot slot"]
    rows: list[tuple[str, str, str, bool | None]] = [
        (
            "booking, all answers 201",
            "all",
            str(dict(booked.statuses)),
            set(booked.statuses) == {201},
        ),
        ("booking ÷ bare psycopg", "≥ 15 %", f"{found['ratio']:.1%}", found["ratio"] >= 0.15),
        (
            "booking, p99",
            f"≤ 60 ms × {slowness:.2f}",
            f"{booked.ms(99):.0f} ms",
            booked.ms(99) <= 60 * slowness,
        ),
        ("hot slot, deadlocks", "0", str(found["deadlocks"]), found["deadlocks"] == 0),
        ("hot slot, slowest of 50", "≤ 1 s", f"{hot.ms(100):.0f} ms", hot.ms(100) <= 1000),
        (
            "hot slot, answers",
            "one 201, 49 × 409 a time",
            str(dict(hot.statuses)),
            hot.statuses[409] == 49 * hot.statuses[201] and set(hot.statuses) == {201, 409},
        ),
        (
            "control: 8 bare INSERTs of one slot",
            "–",
            f"{dict(whole['hot slot, bare INSERT'].statuses)}, slowest "
            f"{whole['hot slot, bare INSERT'].ms(100):.0f} ms",
            None,
        ),
    ]
    for name, limit in LIMITS.items():
        four, one = whole[f"{name} × 4, clinic"], whole[f"{name} × 1, clinic"]
        rows.append(
            (
                f"{TITLES[name]}, p95",
                f"≤ {limit} ms",
                f"{four.ms(95):.0f} ms (1 client: {one.ms(95):.0f} ms)",
                four.ms(95) <= limit and set(four.statuses) == {200},
            )
        )
    for title, name in MEASURES.items():
        times = growth(results[f"{name}, few"], results[f"{name}, clinic"])
        rows.append((f"{title}, growth", f"≤ {GROWTH} ×", f"{times:.2f} ×", times <= GROWTH))
    sitting = growth(results["one area × 1, clinic"], results["two areas × 1, clinic"])
    rows.append(("two areas ÷ one area", f"≤ {SITTING} ×", f"{sitting:.2f} ×", sitting <= SITTING))
    for name, (statements, marks) in found["queries"].items():
        limit = QUERIES[name]
        measured = f"{statements} and {marks} savepoint statements"
        rows.append((f"{name}, queries", f"≤ {limit}", measured, statements <= limit))
    lines = "\n".join(f"{name:28} {result.line()}" for name, result in whole.items())
    return f"\n{lines}\n\n{today()}; {machine.line()}\n\n{table(rows)}\n"
