"""Figures: percentiles, how slow the machine is at this moment, and tables."""

import multiprocessing
import os
import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.servers import connect

LOOP = 3_000_000  # additions: about 0.1 s


@dataclass
class Result:
    """What the clients of one round saw: answers by status, their times in s, the whole in s; and
    what it took of the processors, by role, in s."""

    statuses: "Counter[int | str]" = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.elapsed

    def ms(self, percent: float) -> float:
        return percentile(self.times, percent) * 1000

    def processor_ms(self, role: str) -> float:
        """Of one role, for each answer."""
        return self.spent[role] / len(self.times) * 1000

    def line(self) -> str:
        return (
            f"{self.per_second:7.1f}/s  p50 {self.ms(50):6.1f}  p95 {self.ms(95):6.1f}  "
            f"p99 {self.ms(99):6.1f}  max {self.ms(100):6.1f} ms  {dict(self.statuses)}"
            + "".join(f"  {role} {self.processor_ms(role):.1f}" for role in self.spent)
        )


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def together(results: Sequence[Result]) -> Result:
    """Several rounds as one."""
    whole = Result()
    for result in results:
        whole.statuses += result.statuses
        whole.times += result.times
        whole.elapsed += result.elapsed
        for role, seconds in result.spent.items():
            whole.spent[role] = whole.spent.get(role, 0.0) + seconds
    return whole


def growth(small: Sequence[Result], large: Sequence[Result]) -> float:
    """How many times longer the middle answer takes: the median over the rounds."""
    pairs = zip(small, large, strict=True)
    return median(after.ms(50) / before.ms(50) for before, after in pairs)


def _loop(_: int) -> tuple[float, float]:
    wall, own = time.perf_counter(), time.process_time()
    total = 0
    for number in range(LOOP):
        total += number
    return time.perf_counter() - wall, time.process_time() - own


@dataclass
class Machine:
    """How slow the machine is while nothing of ours runs.

    `slowness` is the time on the wall over the time on a processor of one fixed loop per core, all
    at once: 1.0 when nobody else wants the cores, 2.0 when others take half of them.
    """

    slowness: list[float] = field(default_factory=list)
    loop_ms: list[float] = field(default_factory=list)
    select_ms: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)

    def look(self) -> None:
        cores = os.cpu_count() or 1
        with multiprocessing.get_context("fork").Pool(cores) as pool:
            loops = pool.map(_loop, range(cores), chunksize=1)
        self.slowness.append(max(wall / own for wall, own in loops))
        self.loop_ms.append(1000 * median(own for _, own in loops))
        with connect() as connection:
            for _ in range(300):
                began = time.perf_counter()
                connection.execute("SELECT 1")
                self.select_ms.append(1000 * (time.perf_counter() - began))
        self.load.append(os.getloadavg()[0])

    def line(self) -> str:
        return (
            f"slowness {median(self.slowness):.2f} ({min(self.slowness):.2f} to "
            f"{max(self.slowness):.2f}), loop {median(self.loop_ms):.0f} ms of processor, SELECT 1 "
            f"{median(self.select_ms):.3f} ms, load {min(self.load):.1f} to {max(self.load):.1f}, "
            f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.platform()}"
        )


def table(rows: Sequence[tuple[str, str, str, bool | None]]) -> str:
    """Target, limit, measured and met, in Markdown."""
    words = {True: "yes", False: "**no**", None: "–"}
    lines = ["| target | limit | measured | met |", "|---|---|---|---|"]
    lines += [f"| {a} | {b} | {c} | {words[d]} |" for a, b, c, d in rows]
    return "\n".join(lines)
