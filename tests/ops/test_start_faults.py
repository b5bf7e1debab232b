"""What keeps a clinic from starting on this machine is one sentence, and no traceback."""

import errno
import subprocess
import sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from urllib.request import build_opener

import pytest
from django.db import OperationalError

from clinic.demo.tour.client import Client
from clinic.embedded import Postgres, Unavailable
from clinic.embedded.faults import cause, in_words, parts_lacking
from clinic.embedded.up import DIRECT
from tests.ops.running import ROOT, open_folder

HERE = Path("/var/clinic")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('initdb: error: could not create directory "x": No space left on device', "disk is full"),
        ('PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device', "full"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "memory"),
        ("FATAL:  database files are incompatible with server", "another version"),
        ("PANIC:  could not locate a valid checkpoint record at 0/1", "damaged"),
        ('FATAL:  data directory "x" has wrong ownership: Permission denied', "may not use"),
        ("LOG:  starting\nFATAL:  something new\nLOG:  shut down", "FATAL:  something new"),
        ("", "says nothing"),
    ],
)
def test_what_a_server_has_written_says_what_to_do(written: str, meant: str) -> None:
    said = cause(written)

    assert meant in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/var/clinic/up.json"), "disk is full"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "not enough memory"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "no more processes"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/dev/null/x"), "/dev/null/x: Not a"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_a_fault_of_the_machine_is_a_sentence(error: BaseException, meant: str) -> None:
    said = in_words(error, HERE)

    assert meant in said
    assert said.startswith("Cannot work in /")
    assert "\n" not in said


def test_a_full_database_is_one_and_a_fault_of_ours_is_none() -> None:
    class DiskFull(Exception):
        sqlstate = "53100"

    full = OperationalError("could not extend file")
    full.__cause__ = DiskFull()

    assert "disk is full" in in_words(full, HERE)
    assert in_words(OperationalError("relation is not there"), HERE) == ""
    assert in_words(LookupError("ours"), HERE) == ""


def test_data_of_another_postgresql_is_named_before_it_is_touched() -> None:
    with open_folder() as folder:
        server = Postgres(folder / "postgres")
        server.data.mkdir(parents=True)
        (server.data / "PG_VERSION").write_text("15\n")

        with pytest.raises(Unavailable, match="is of PostgreSQL 15, and this is 18: start"):
            server.start()
        server.stop()

        assert [file.name for file in server.data.iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"ready": false, "beat": false, "broker": true}', "beat missing or silent"),
        (
            b'{"ready": false, "database": false, "database_says": "its disk is full"}',
            "database missing or silent; its disk is full",
        ),
        (b"<html>", "it answers no JSON"),
    ],
)
def test_what_was_lacking_is_told_when_it_gives_up(body: bytes, told: str) -> None:
    assert parts_lacking(body) == told


@pytest.mark.parametrize(
    ("variables", "arguments", "told"),
    [
        ({"CLINIC_VAR": "/dev/null/var"}, [], "Cannot work in /dev/null/var: Not a directory."),
        ({}, ["--port", "99999"], "Cannot listen on 127.0.0.1:99999 (there is no such port)"),
    ],
)
def test_up_says_it_and_ends(variables: dict[str, str], arguments: list[str], told: str) -> None:
    with open_folder() as folder:
        done = subprocess.run(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=ROOT,
            env={"PATH": "/bin", "CLINIC_VAR": str(folder), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert (done.returncode, done.stderr) == (1, "")
    assert told in done.stdout


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/pyproject.toml"
        with pytest.raises(OSError, match="refused"):
            build_opener().open(url, timeout=5)  # urlopen keeps what it has read before

        with DIRECT.open(url, timeout=5) as answer:
            assert answer.status == 200
        assert Client("").http.get(url, timeout=5).status_code == 200
        server.shutdown()


def test_a_missing_variable_is_named_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": "/bin", "DATABASE_URL": "postgres:///x"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert len(done.stderr.splitlines()) == 1
