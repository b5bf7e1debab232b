"""gunicorn's access log without the secrets that stand in addresses."""

import re
from typing import Any

from gunicorn import glogging

# Whoever has one of these addresses needs no password: a practitioner's calendar, a patient's page.
SECRET = re.compile(r"(/calendar/|/p/)[^/\s?\"]+")


def masked(text: str) -> str:
    return SECRET.sub(r"\1…", text)


class Logger(glogging.Logger):  # type: ignore[misc]
    """Named in gunicorn.conf.py."""

    def atoms(self, *args: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(*args)
        return {
            name: masked(value) if isinstance(value, str) else value
            for name, value in atoms.items()
        }
