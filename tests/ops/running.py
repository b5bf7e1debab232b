"""A clinic that `manage.py up` has started in a folder of its own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from django.conf import settings

from clinic.embedded.process import free_port
from tests.support.moved_clock import INHERITED

ROOT = Path(settings.BASE_DIR)
SMS_SECRET = "of-the-gateway"


class Up:
    """A clinic started by `manage.py up` in a folder of its own."""

    def __init__(
        self,
        var: Path,
        *arguments: str,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(var),
            "CLINIC_VAR": str(var),
            "SMS_WEBHOOK_SECRET": SMS_SECRET,
            **INHERITED,
            **(environment or {}),
        }
        self.log = var.parent / f"{var.name}-{self.port}.log"
        self.command_line = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        self.command_line += arguments
        self.user = user
        self.start()

    def start(self) -> "Up":
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command_line,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self.user,
            )
        return self

    def get(self, path: str) -> int:
        return requests.get(f"{self.url}{path}", timeout=5).status_code

    def wait_until_ready(self, sign: str = "Ctrl-C stops everything") -> "Up":
        ends = time.monotonic() + 240
        while sign not in self.tail():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.1)
        return self

    def tail(self) -> str:
        return self.log.read_text()[-2000:]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
        )


def gone(processes: list[psutil.Process], *, within: float) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=within)
    return not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def open_folder() -> Iterator[Path]:
    """Where PostgreSQL can go even if it must run as another user; pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="clinic-up-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
