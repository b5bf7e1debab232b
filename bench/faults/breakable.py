"""Servers that can be killed without warning and come back at the same address."""

import time
from contextlib import suppress

import psutil

from clinic.embedded import Postgres, Valkey


class BreakablePostgres(Postgres):
    """PostgreSQL as after a power cut: every process is gone at once, the data is on disk."""

    def crash(self, *, away: float) -> None:
        assert self._process is not None
        kill_tree(psutil.Process(self._process.pid))
        self._process.wait()
        time.sleep(away)
        self._clear_stale_pid(seconds=30)
        for left in self._sockets.iterdir():
            left.unlink()
        self._launch(60)


class BreakableValkey(Valkey):
    """Valkey keeps nothing: after a crash every wake-up that was waiting is lost."""

    def crash(self, *, away: float) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        time.sleep(away)
        if not self._launch(20):
            raise RuntimeError("Valkey did not come back: another program has taken its port")


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL for a process and all that it has started, the parent first."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
