"""A pytest plugin: PostgreSQL and Valkey for one test run, unless DATABASE_URL and REDIS_URL are
given. Loaded by `-p tests.support.servers` before Django reads its settings.

With several workers the migrations run once, while the workers still collect; each worker's
database is a copy of that one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import sleep
from typing import IO
from urllib.parse import urlsplit

import psycopg
import pytest

from clinic.embedded import Postgres, Valkey
from clinic.embedded.process import hold

PREFIX = "clinic-test-"
TEMPLATE = "template_clinic"
MIGRATED = "MIGRATED_DATABASE"  # where the worker that asks finds whether it is ready
_started: list[Postgres | Valkey] = []
_migration: subprocess.Popen[bytes] | None = None
_folder: Path | None = None
_lock: IO[str] | None = None  # held while this run lives


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    os.environ.update(
        {
            "SECRET_KEY": "only-for-tests",
            "PUBLIC_URL": "http://testserver",
            "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
            "CLINIC_DEMO": "true",
            "EMAIL_URL": "smtp://127.0.0.1:9",  # nobody listens: a test that sends says where
            "DEFAULT_FROM_EMAIL": "hello@clinic.example",
            "SMS_PROVIDER": "http",
            "SMS_HTTP_URL": "http://127.0.0.1:9/sms",
            "SMS_HTTP_KIND": "dedupe",
            "LOG_LEVEL": "INFO",  # as in production: tests.support.logs reads along
        }
    )
    if number := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
        # The controller has started the servers; each worker gets a broker database of its own.
        address, _, _ = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(number) + 1}"
        return
    os.environ["MEDIA_ROOT"] = str(_run_folder() / "media")
    if "DATABASE_URL" not in os.environ:
        postgres = Postgres(_run_folder() / "postgres", durable=False)
        _started.append(postgres)
        os.environ["DATABASE_URL"] = postgres.start().url
        if getattr(early_config.known_args_namespace, "numprocesses", None):
            _migrate(os.environ["DATABASE_URL"])
    if "REDIS_URL" not in os.environ:
        valkey = Valkey(_run_folder() / "valkey")
        _started.append(valkey)
        os.environ["REDIS_URL"] = valkey.start().url


def pytest_unconfigure() -> None:
    if _migration:
        _migration.wait()
    while _started:
        _started.pop().stop()
    if _folder and _lock:
        shutil.rmtree(_folder, ignore_errors=True)
        _lock.close()


def _migrate(url: str) -> None:
    """Begin to make the database of which the workers' are copies."""
    global _migration
    ended = _run_folder() / "migrated"
    os.environ[MIGRATED] = str(ended)
    run = f"{sys.executable} manage.py migrate --verbosity 0 && mv {ended}.begun {ended}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    Path(f"{ended}.begun").touch()
    copied = urlsplit(url)._replace(path=f"/{TEMPLATE}").geturl()
    _migration = subprocess.Popen(
        ["/bin/sh", "-c", f"{run} || rm {ended}.begun"],
        env={**os.environ, "DATABASE_URL": copied, "REDIS_URL": "redis://nobody"},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,  # a worker says it again
    )


def migrated_template() -> str | None:
    """The name of the database to copy; None where each run migrates its own."""
    ended = os.environ.get(MIGRATED)
    while ended and Path(f"{ended}.begun").exists():
        sleep(0.1)
    return TEMPLATE if ended and Path(ended).exists() else None


def _run_folder() -> Path:
    """In memory if there is room (Docker gives 64 MB), and without what killed runs have left."""
    global _folder, _lock
    if _folder is None:
        memory = Path("/dev/shm")
        roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1_000_000_000
        parent = memory if roomy else Path(tempfile.gettempdir())
        for left in parent.glob(f"{PREFIX}*"):
            lock = hold(left / "lock") if (left / "lock").exists() else None
            if lock:
                shutil.rmtree(left, ignore_errors=True)
                lock.close()
        _folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        _folder.chmod(0o755)  # PostgreSQL may run as another user
        _lock = hold(_folder / "lock")
    return _folder
