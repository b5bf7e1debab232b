"""A pytest plugin: PostgreSQL and Valkey for one test run, unless DATABASE_URL and REDIS_URL are
given. Loaded by `-p tests.support.servers` before Django reads its settings."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

import pytest

from clinic.embedded import Postgres, Valkey
from clinic.embedded.process import hold

PREFIX = "clinic-test-"
_started: list[Postgres | Valkey] = []
_folder: Path | None = None
_lock: IO[str] | None = None  # held while this run lives


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
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
    if "REDIS_URL" not in os.environ:
        valkey = Valkey(_run_folder() / "valkey")
        _started.append(valkey)
        os.environ["REDIS_URL"] = valkey.start().url


def pytest_unconfigure() -> None:
    while _started:
        _started.pop().stop()
    if _folder and _lock:
        shutil.rmtree(_folder, ignore_errors=True)
        _lock.close()


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
