"""What patients received against what the rows say."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.servers import connect
from bench.stats import percentile

TOLD = ("SENT", "DELIVERED")
OPEN = ("PENDING", "CLAIMED", "SENDING")


@dataclass
class Judgement:
    """The figures of one arm."""

    messages: int = 0
    statuses: "Counter[str]" = field(default_factory=Counter)
    once: int = 0
    doubled: int = 0
    in_doubt_delivered: int = 0
    in_doubt_not: int = 0
    lost: int = 0  # called sent, or still open, and never received
    flagged: int = 0  # not received, and the row says so to a person
    strangers: int = 0  # received, and no row knows them
    late: list[float] = field(default_factory=list)

    def wrong(self, kind: str) -> list[str]:
        """What must not be, for a provider of this kind."""
        faults = {
            "doubled": self.doubled,
            "lost": self.lost,
            "unknown to us": self.strangers,
            "still open": sum(self.statuses[status] for status in OPEN),
        }
        if kind != "none":
            faults["not sent exactly once"] = self.messages - self.once
        return [f"{count} {name}" for name, count in faults.items() if count]

    def lateness(self) -> str:
        if not self.late:
            return "–"
        return " / ".join(f"{percentile(self.late, p):.1f}" for p in (50, 99, 100)) + " s"

    def cells(self, *, ended_early: bool) -> list[str]:
        return [
            str(self.once),
            str(self.doubled),
            "–" if ended_early else str(self.lost),
            f"{self.statuses['IN_DOUBT']} ({self.in_doubt_delivered} / {self.in_doubt_not})",
            self.lateness(),
        ]


@dataclass
class Ledger:
    """When which key was accepted, as the provider has written it down."""

    path: Path
    accepted: list[tuple[float, str]] = field(default_factory=list)
    _read: int = 0

    def look(self) -> list[tuple[float, str]]:
        """All so far; a line that is being written is left for the next time."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read += len(whole)
            pairs = (line.split() for line in whole.decode().splitlines())
            self.accepted += [(float(at), key) for at, key in pairs]
        return self.accepted


def judge(database: str, ledger: Ledger) -> Judgement:
    """Compare the outbox of `database` with what the provider has accepted."""
    accepted = ledger.look()
    times, found = Counter(key for _, key in accepted), Judgement()
    with connect(database) as connection:
        rows: list[Any] = connection.execute(
            "SELECT id::text, status, extract(epoch FROM due_at) FROM aftercare_message"
        ).fetchall()
        keys = {key: float(due) for key, _, due in rows}
    found.messages = len(rows)
    for key, status, _ in rows:
        got = times[key]
        found.statuses[status] += 1
        found.once += got == 1
        found.doubled += got > 1
        if status == "IN_DOUBT":
            found.in_doubt_delivered += got > 0
            found.in_doubt_not += not got
        if not got:
            found.lost += status in (*TOLD, *OPEN)
            found.flagged += status not in (*TOLD, *OPEN)
    found.strangers = len(set(times) - set(keys))
    found.late = [at - keys[key] for at, key in accepted if key in keys]
    return found
