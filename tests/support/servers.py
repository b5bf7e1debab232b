"""A pytest plugin: PostgreSQL and Valkey for one test run, unless DATABASE_URL and REDIS_URL are
given. Loaded by `-p tests.support.servers` before Django reads its settings."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

import pytest

from clinic.embedded import Postgres, Valkey
from clinic.embedded.process import die_with_parent, hold

PREFIX = "clinic-test-"
_started: list[Postgres | Valkey] = []
_folder: Path | None = None
_lock: IO[str] | None = None  # held while this run lives
_migrating: "subprocess.Popen[bytes] | None" = None
# To the workers: a file that is locked until it has ended, and one for who collects first.
MIGRATING, COLLECTING = "CLINIC_TESTS_MIGRATING", "CLINIC_TESTS_COLLECTING"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    os.environ.update(
        {
            "SECRET_KEY": "only-for-tests",
            "FIELD_KEYS": "columns-of-tests",
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


def pytest_xdist_setupnodes() -> None:
    """Migrate once, while the workers start: each takes a copy. See `template`."""
    global _migrating
    collecting = _run_folder() / "collecting"
    collecting.touch()
    os.environ[COLLECTING] = str(collecting)
    if any(isinstance(server, Postgres) for server in _started):
        lock = (_run_folder() / "migrating").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _migrating = subprocess.Popen(
            [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity=0"],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "clinic.settings"},
            pass_fds=[lock.fileno()],  # the lock is let go when the last who has it open ends
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        os.environ[MIGRATING] = lock.name
        lock.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """In a fresh clone one worker compiles all tests, which takes longer than the rest of their
    collection, and the others read what it has written; the migration has a processor meanwhile."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with Path(os.environ[COLLECTING]).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
        return (yield)


def template() -> str | None:
    """The migrated database for a worker to copy, once it is ready; None if there is none. What
    it lacks, because migrating failed, the worker's own `migrate` adds, or says why not."""
    if MIGRATING not in os.environ:
        return None
    with Path(os.environ[MIGRATING]).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    return os.environ["DATABASE_URL"].partition("?")[0].rpartition("/")[2]


def pytest_unconfigure() -> None:
    if _migrating:
        _migrating.kill()
        _migrating.wait()
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
