"""The product's own processes, as docker-compose.yml starts them, and who takes its messages."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.servers import HOST, ROOT, address
from clinic.embedded.process import die_with_parent, free_port, stop_process

COMPOSE = ROOT / "docker-compose.yml"


@dataclass(frozen=True)
class Web:
    port: int
    process: psutil.Process


@contextmanager
def gunicorn(database: str) -> Iterator[Web]:
    """As `manage.py up` and the image start it, with gunicorn.conf.py."""
    port = free_port()
    command = (
        *("-m", "gunicorn", "clinic.wsgi:application"),
        *("--bind", f"{HOST}:{port}", "--log-level", "warning"),
    )
    with program(*command, database=database, stop=25) as process:
        wait_for(port, "/healthz")
        yield Web(port, process)


@contextmanager
def celery(role: str, database: str, **environment: str) -> Iterator[psutil.Process]:
    """`worker` or `beat`, with the command of docker-compose.yml."""
    command = yaml.safe_load(COMPOSE.read_text())["services"][role]["command"]
    with program("-m", *command, database=database, stop=25, **environment) as process:
        yield process


@contextmanager
def takers(folder: Path) -> Iterator[dict[str, str]]:
    """A mail server and an SMS gateway that take everything; gives what names them to a worker."""
    with ExitStack() as stack:
        mail = stack.enter_context(_answering("bench/sending/sink.py", "0"))
        ledger = str(folder / "ledger")
        sms = stack.enter_context(_answering("bench/faults/provider.py", "none", ledger, "0", "0"))
        yield {
            "EMAIL_URL": f"smtp://{HOST}:{mail}",
            "SMS_HTTP_URL": f"http://{HOST}:{sms}/sms",
        }


@contextmanager
def _answering(*command: str) -> Iterator[int]:
    """A program that prints its port."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        stop_process(process, signal.SIGTERM, 5)


@contextmanager
def program(
    *arguments: str, database: str, stop: float, **environment: str
) -> Iterator[psutil.Process]:
    with running(
        [sys.executable, *arguments],
        {**os.environ, "DATABASE_URL": address(database), **environment},
        cwd=ROOT,
        stop=stop,
    ) as process:
        yield process


@contextmanager
def running(
    command: list[Any],
    environment: Mapping[str, str],
    *,
    cwd: Path,
    stop: float = 10,
    signal_number: int = signal.SIGTERM,
) -> Iterator[psutil.Process]:
    """A program without a word, which ends with this block."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a line for every refusal
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        stop_process(process, signal_number, stop)


def wait_for(port: int, path: str, *, seconds: float = 120) -> None:
    """Until somebody answers there, whatever it is but that he has failed."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                return
            if time.monotonic() > ends:
                raise RuntimeError(f"nobody answers at port {port}") from None
            time.sleep(0.1)
