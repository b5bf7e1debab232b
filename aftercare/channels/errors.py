"""The two ways in which sending fails, because they are treated differently."""

import re

from aftercare.channels.blame import Blame


class Refused(Exception):
    """Certainly not accepted, and whose fault that is."""

    def __init__(self, reason: str, *, blame: Blame = Blame.SERVICE) -> None:
        super().__init__(reason)
        self.blame = blame


class Unknown(Exception):
    """Perhaps accepted, perhaps not: the connection was lost after the message went out."""


def fault(error: BaseException) -> str:
    """What kind of error it is, in words: “connection reset error”."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(error).__name__)
    return words.lower()
