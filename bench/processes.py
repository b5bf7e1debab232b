"""How much processor time and memory the processes of each role take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.stats import Result
from clinic.embedded import Postgres

MIB = 1024 * 1024


def family(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes with all that they have started and that still lives."""
    found = []
    for root in roots:
        try:
            found += [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def processor_seconds(roots: Iterable[psutil.Process]) -> float:
    """Of all of them since they began, with those that have ended and were waited for."""
    total = 0.0
    for process in family(roots):
        try:
            total += sum(process.cpu_times()[:4])  # user, system, and both of ended children
        except psutil.NoSuchProcess:
            continue
    return total


@dataclass(frozen=True)
class Memory:
    """Of one role, in MiB. What processes share counts once in `pss`, once in each in `rss`."""

    processes: int
    rss: float
    pss: float

    def __str__(self) -> str:
        return f"{self.pss:.0f} MiB PSS, {self.rss:.0f} RSS ({self.processes} processes)"


def memory(roots: Iterable[psutil.Process]) -> Memory:
    rss = pss = count = 0
    for process in family(roots):
        try:
            full = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        count, rss, pss = count + 1, rss + full.rss, pss + full.pss
    return Memory(count, rss / MIB, pss / MIB)


def postmaster(postgres: Postgres) -> psutil.Process:
    return of_pid_file(postgres.data / "postmaster.pid")


def of_pid_file(path: Path) -> psutil.Process:
    return psutil.Process(int(path.read_text().split()[0]))


Roles = Mapping[str, Sequence[psutil.Process]]


def metered(roles: Roles, work: Callable[[], Result]) -> Result:
    """What `work` gives, with what each role has spent meanwhile."""
    before = {name: processor_seconds(roots) for name, roots in roles.items()}
    result = work()
    result.spent = {name: processor_seconds(roots) - before[name] for name, roots in roles.items()}
    return result
