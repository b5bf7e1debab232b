"""The two ways in which sending fails, because they are treated differently."""

import re


class Refused(Exception):
    """Certainly not accepted: it may be tried again, unless `permanent`."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Unknown(Exception):
    """Perhaps accepted, perhaps not: the connection was lost after the message went out."""


def fault(error: BaseException) -> str:
    """What kind of error it is, in words: “connection reset error”."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(error).__name__)
    return words.lower()
