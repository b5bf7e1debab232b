"""The servers of a benchmark: PostgreSQL with fsync on, and Valkey."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from clinic.embedded import Postgres, Valkey

# What docker-compose.yml gives PostgreSQL: a test compares both.
POSTGRES = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
P = TypeVar("P", bound=Postgres)
V = TypeVar("V", bound=Valkey)


@contextmanager
def servers(
    parent: Path | None, postgres_class: type[P], valkey_class: type[V]
) -> Iterator[tuple[Path, P, V]]:
    """A folder, an empty database on disk and a broker, both named in the environment; removed at
    the end."""
    folder = Path(tempfile.mkdtemp(prefix="clinic-bench-", dir=parent))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    postgres = postgres_class(folder / "postgres", settings=POSTGRES)
    try:
        with started(postgres, valkey_class(folder / "valkey")) as (_, valkey):
            yield folder, postgres, valkey
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(postgres.folder, ignore_errors=True)


@contextmanager
def started(postgres: P, valkey: V) -> Iterator[tuple[P, V]]:
    """Both run and are named in the environment; what they hold stays."""
    try:
        os.environ["DATABASE_URL"] = postgres.start().url
        os.environ["REDIS_URL"] = valkey.start().url
        os.environ.update(
            {
                "SECRET_KEY": "only-for-this-benchmark",
                "PUBLIC_URL": f"http://{HOST}",
                "ALLOWED_HOSTS": f"{HOST},testserver",
                "CLINIC_DEMO": "false",
                "EMAIL_URL": "smtp://127.0.0.1:9",  # nobody listens, unless a bench says where
                "DEFAULT_FROM_EMAIL": "hello@clinic.example",
                "SMS_PROVIDER": "http",
                "SMS_HTTP_URL": "http://127.0.0.1:9/sms",
                "LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "clinic.settings",
            }
        )
        yield postgres, valkey
    finally:
        valkey.stop()
        postgres.stop()


@contextmanager
def databases(parent: Path | None) -> Iterator[Postgres]:
    with servers(parent, Postgres, Valkey) as (_, postgres, _):
        yield postgres


def address(name: str) -> str:
    """The URL of another database of the same server."""
    return os.environ["DATABASE_URL"].replace("@/clinic?", f"@/{name}?")


def connect(name: str = "clinic") -> "psycopg.Connection[tuple[object, ...]]":
    """A bare connection that sends statements as they are, as Django does."""
    return psycopg.connect(conninfo(name), autocommit=True, cursor_factory=psycopg.ClientCursor)


def conninfo(name: str) -> str:
    return make_conninfo(address(name).replace("postgres://", "postgresql://"))
