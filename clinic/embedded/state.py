"""What the clinic that runs on this machine has written down about itself."""

import json
import os
from pathlib import Path
from typing import Any

from clinic.embedded.process import hold

BASE = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("CLINIC_VAR", BASE / "var"))
STATE = VAR / "up.json"
LOCK = VAR / "up.lock"
ENVIRONMENT = (
    "ALLOWED_HOSTS",
    "CLINIC_DAY_SECONDS",
    "CLINIC_DEMO",
    "CLINIC_INBOX_DIR",
    "CLINIC_WAKE_SECONDS",
    "DATABASE_URL",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "FIELD_KEYS",
    "MEDIA_ROOT",
    "PUBLIC_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SMS_HTTP_KIND",
    "SMS_HTTP_URL",
    "SMS_PROVIDER",
)


def running() -> dict[str, Any] | None:
    """What the `up` that runs here has written down about itself, if one runs."""
    if not LOCK.exists() or not STATE.exists():
        return None
    free = hold(LOCK)
    if free:
        free.close()
        return None
    state: dict[str, Any] = json.loads(STATE.read_text())
    return state


def use_running_servers() -> None:
    """Let other commands talk to the servers that `up` runs here."""
    if state := running():
        for name, value in {**state["environment"], "CLINIC_URL": state["url"]}.items():
            os.environ.setdefault(name, value)
