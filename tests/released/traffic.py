"""What goes on at a clinic while its database is migrated: a long report, and a desk that reads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

PATIENCE_SECONDS = 120
READ = "SELECT count(*) FROM patient"


@dataclass(kw_only=True)
class Traffic:
    """`reads` of the desk while the report stayed open and after `migrate` had stepped back."""

    url: str
    stepped_back: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    reads: int = 0
    failed: list[str] = field(default_factory=list)

    def keep_a_report_open(self) -> None:
        """It holds the table as any SELECT does, until the desk has read beside a waiting
        `migrate` that had to step back."""
        with psycopg.connect(self.url) as report:
            report.execute(READ)
            if not self.stepped_back.wait(PATIENCE_SECONDS):
                self.failed.append("migrate never met the report")
                return
            with psycopg.connect(self.url, autocommit=True) as desk:
                try:
                    for _ in range(3):
                        desk.execute(READ)
                        self.reads += 1
                        self.ended.wait(0.5)  # into the next try
                except psycopg.Error as error:
                    self.failed.append(str(error))


@contextmanager
def traffic(url: str) -> Iterator[Traffic]:
    going_on = Traffic(url=url)
    report = threading.Thread(target=going_on.keep_a_report_open)
    report.start()
    try:
        yield going_on
    finally:
        going_on.ended.set()
        going_on.stepped_back.set()
        report.join()
