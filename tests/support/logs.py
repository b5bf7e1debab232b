"""A canary over the whole suite: what the tests log, by the product's own formatter, tells nothing
of their patients and no address that is a secret."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from clinic.http.logs import Formatter

# What the factories give their patients, and what opens a page without a password.
TELLS = re.compile(
    r"@patients\.example|49151[23]\d{7}|\bHopper \d|/p/[\w.:-]{8}|/calendar/\w{8}|[?&](q|token)=\w"
    r"|\bToken [0-9a-f]{20}"
)


class Canary(logging.Handler):
    """Keeps the lines that tell too much."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Formatter("%(levelname)s %(name)s: %(message)s"))
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if TELLS.search(line):
            self.told.append(line)


@contextmanager
def canary() -> Iterator[list[str]]:
    """The lines that tell too much, of everything that is logged meanwhile."""
    handler = Canary()
    logging.root.addHandler(handler)
    try:
        yield handler.told
    finally:
        logging.root.removeHandler(handler)
