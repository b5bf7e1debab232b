"""The two ways in which sending fails, because they are treated differently."""


class Refused(Exception):
    """Certainly not accepted: it may be tried again, unless `permanent`."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Unknown(Exception):
    """Perhaps accepted, perhaps not: the connection was lost after the message went out."""
