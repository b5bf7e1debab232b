"""What is read from the environment, and what the other files of settings need of it."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

# What may be named by a file, as NAME_FILE: a secret that no list of processes or containers shows.
SECRETS = (
    *("SECRET_KEY", "AUDIT_KEY", "FIELD_KEYS", "DATABASE_URL", "DATABASE_PASSWORD"),
    *(
        "REDIS_URL",
        "REDIS_PASSWORD",
        "EMAIL_URL",
        "EMAIL_PASSWORD",
        "SMS_HTTP_TOKEN",
        "SMS_WEBHOOK_SECRET",
    ),
    *("S3_ACCESS_KEY", "S3_SECRET_KEY"),
    *("TWILIO_AUTH_TOKEN", "ANYMAIL_WEBHOOK_SECRET", "METRICS_TOKEN"),
)


def _from_files() -> dict[str, str]:
    found = {}
    for name in (*SECRETS, *(n[:-5] for n in os.environ if n.startswith("ANYMAIL_"))):
        if path := os.environ.get(f"{name}_FILE"):
            try:
                found[name] = Path(path).read_text().rstrip("\r\n")
            except OSError as error:
                raise ImproperlyConfigured(f"{name}_FILE: {error.strerror}: {path}") from None
    return {name: value for name, value in found.items() if value}


env = environ.Env()
env.ENVIRON = {**os.environ, **_from_files()}
BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
PUBLIC_URL = env("PUBLIC_URL", default="http://localhost:8000").rstrip("/")

# The demo: seeded accounts shown on the front page, mail and SMS captured into /inbox/.
DEMO = env.bool("CLINIC_DEMO", default=False)
INBOX_DIR = env("CLINIC_INBOX_DIR", default="")
# How long a day of a message sequence lasts. Only a hurried demo changes it.
DAY_SECONDS = env.float("CLINIC_DAY_SECONDS", default=86_400.0)
