"""A machine as far as its processes go: all of them are gone, or stand still, at once."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from clinic.embedded.process import die_with_parent, free_port


class Missing(RuntimeError):
    """This computer lacks what the cluster is made of; the message says what."""


def wait_until(what: str, done: Callable[[], object], *, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not done():
        if time.monotonic() > ends:
            raise RuntimeError(f"{what}: not after {seconds:.0f} s")
        time.sleep(0.05)


def namespaces() -> list[str]:
    """What a machine's command is started by: processes and shared memory of their own, as an
    account that is not root (PostgreSQL insists) and yet reaches the files of whoever runs this."""
    outer = ["unshare", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        outer[1:1] = ["--user", "--map-root-user"]
    return [*outer, "unshare", "--user", "--map-user=1000", "--map-group=1000"]


def require() -> None:
    """Raises Missing if there can be no cluster here."""
    for program in ("unshare", "etcd"):
        if not shutil.which(program):
            raise Missing(f"there is no {program} (Debian: apt-get install etcd-server util-linux)")
    tried = subprocess.run([*namespaces(), "true"], capture_output=True, text=True)
    if tried.returncode:
        raise Missing(f"no namespaces may be made: {tried.stderr.strip()}")


class Machine:
    """One command, and whatever it starts, in namespaces of their own."""

    def __init__(
        self, command: list[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.command, self.log = command, log
        self.environment = {**os.environ, **(environment or {})}
        self._outer: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._outer = subprocess.Popen(
                [*namespaces(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd="/",
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def processes(self) -> list[psutil.Process]:
        """All that run in it, the first one first."""
        if self._outer is None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self._outer.pid).children(recursive=True)
        return []

    def kill(self) -> None:
        """As when the power goes: the kernel ends all of a namespace with its first process."""
        if self._outer:
            for process in self.processes()[:1]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._outer.kill()
            self._outer.wait()
            self._outer = None

    def kill_program(self, name: str) -> None:
        """SIGKILL for the process of this name that has started the other ones of it."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                parent = process.parent()
                if process.name() == name and (parent is None or parent.name() != name):
                    process.kill()

    def signal(self, title: str, *numbers: int) -> None:
        """Send these to the processes that call themselves like this."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                if title in " ".join(process.cmdline()):
                    for number in numbers:
                        process.send_signal(number)


class Link:
    """The way to a server, which can be cut: a port of its own that passes everything on."""

    def __init__(self, target: int) -> None:
        self.target, self.is_cut = target, False
        self.port = free_port()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    near.close()
                    continue
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
