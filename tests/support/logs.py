"""A canary over the whole suite: what the tests log, by the product's own formatter, tells nothing
of their patients and no address that is a secret; nor do the headers of the e-mails that they send,
which every mail server on the way reads and writes down."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import HeaderParser
from email.policy import default

from clinic.http.logs import Formatter

# What the factories give their patients, and what opens a page without a password.
TELLS = re.compile(
    r"@patients\.example|49151[23]\d{7}|\bHopper \d|/p/[\w.:-]{8}|/calendar/\w{8}|[?&](q|token)=\w"
    r"|\bToken [0-9a-f]{20}"
)

# Whom it is for, and the link by which they want no more of them.
THEIRS = {"to", "list-unsubscribe"}
mailed: list[str] = []


def look_at_headers(mail: str) -> None:
    """Keeps those that tell too much, for the test that has sent the mail."""
    for name, value in HeaderParser(policy=default).parsestr(mail).items():
        if name.lower() not in THEIRS and TELLS.search(str(value)):
            mailed.append(f"{name}: {value}")


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
    """The lines that tell too much, of everything that is logged meanwhile; and such headers."""
    handler = Canary()
    logging.root.addHandler(handler)
    mailed.clear()
    try:
        yield handler.told
    finally:
        logging.root.removeHandler(handler)
        handler.told.extend(mailed)
