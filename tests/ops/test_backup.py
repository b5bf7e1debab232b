"""A backup is whole and secret, and a restore says whether it is the clinic again.

By command, with a clinic of many sessions: bench/faults/restore_drill.py.
"""

import io
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from aftercare.dispatch import guard
from aftercare.records.erasure import ask_for_erasure, confirm_erasure
from clinic import VERSION
from clinic.embedded import Postgres
from clinic.models import User
from clinic.ops.backup import archive, checks, database, restore
from clinic.ops.backup.archive import BackupFailed
from clinic.ops.backup.make import backups
from patients.models import Patient
from tests.factories import NINE, InboundFactory, PatientFactory, UserFactory
from tests.support.pictures import agree, jpeg, send

RESTORED = "clinic_restored"


@pytest.fixture(autouse=True)
def programs(settings: Any, tmp_path: Path) -> None:
    settings.PG_BIN = str(Postgres(tmp_path / "none").binaries)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    secret = tmp_path / "key.txt"
    return secret, archive.new_identity(secret)


@pytest.fixture
def empty_database(db: None) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {RESTORED}")
        cursor.execute(f"CREATE DATABASE {RESTORED} TEMPLATE template0")
    yield RESTORED
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {RESTORED} WITH (FORCE)")


@contextmanager
def in_database(name: str) -> Iterator[None]:
    """As a process whose DATABASE_URL names it."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def run(*arguments: str) -> tuple[str, str]:
    """What a command tells, and its refusal."""
    told: list[str] = []

    class Out:
        def write(self, said: str) -> None:
            told.append(said)

    try:
        call_command(*arguments, stdout=Out())
    except CommandError as error:
        return "".join(told), str(error)
    return "".join(told), ""


@pytest.mark.django_db(transaction=True)
def test_a_clinic_is_itself_again_and_sends_nothing(
    as_alice: APIClient,
    alice: User,
    keys: tuple[Path, str],
    empty_database: str,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    patient: Patient = PatientFactory(clinic=alice.clinics.get(), given_name="Marguerite")
    agree(patient, alice)
    assert send(as_alice, patient, jpeg()).status_code == 201
    InboundFactory(body="Is this normal?", patient=patient, clinic=patient.clinic)
    (tmp_path / "to").mkdir()
    secret, public = keys

    told, refusal = run("backup", "--to", str(tmp_path / "to"), "--recipient", public)

    assert refusal == ""
    assert "media: 2 files written" in told
    [file] = (tmp_path / "to").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    for clear in (b"Marguerite", b"PGDMP", b"manifest"):
        assert clear not in file.read_bytes()

    # Not over what is there, and not with another key.
    assert "not empty" in run("restore", str(file), "--key", str(secret))[1]
    other = tmp_path / "other.txt"
    archive.new_identity(other)
    with in_database(empty_database):
        assert "another key" in run("restore", str(file), "--key", str(other), "--check")[1]

        # The rehearsal leaves nothing.
        told, refusal = run("restore", str(file), "--key", str(secret), "--check")
        assert (refusal, "NOT " in told) == ("", False), told
        for line in (
            "SECRET_KEY is that of the backup",
            "FIELD_KEYS has all keys of the backup",
            "a key opens every encrypted value",
            "the schema is as `migrate` has made it",
            "nobody may change what is written of accesses",
            "an account logs in",
            "every photograph of a row is there",
            "a photograph opens (80 × 60)",
            "nothing is sent from here",
        ):
            assert f"ok   {line}" in told
        assert len(list((tmp_path / "media").rglob("*.*"))) == 2

        # Without the key of the words the rehearsal says so; another in front of it does no harm.
        right = settings.FIELD_KEYS
        settings.FIELD_KEYS = ["newer", *right]
        assert run("restore", str(file), "--key", str(secret), "--check")[1] == ""
        settings.FIELD_KEYS = ["newer"]
        told, refusal = run("restore", str(file), "--key", str(secret), "--check")
        settings.FIELD_KEYS = right
        assert refusal == "2 of these are not as they should be."
        assert "NOT  1 of the FIELD_KEYS of the backup are not here" in told
        assert "NOT  none of FIELD_KEYS opens 1 values of aftercare_inbound_message.body" in told

    settings.ERASURE_JOURNAL = str(tmp_path / "elsewhere" / "erasures.jsonl")
    erase(patient, by=alice)
    with in_database(empty_database):
        settings.MEDIA_ROOT = tmp_path / "restored"
        settings.SECRET_KEY = "another-key"
        told, refusal = run("restore", str(file), "--key", str(secret))
        assert "NOT  SECRET_KEY is another" in told
        assert refusal == "1 of these are not as they should be."
        assert "ok   erased again, by the journal: 1 patient" in told
        assert Patient.objects.get().full_name == "(erased)"
        assert guard.check() == "it was never told that it may send"
        assert not list((tmp_path / "restored").rglob("*.*"))


def erase(patient: Patient, *, by: User) -> None:
    """Since the backup: two people, and nothing that has to stay."""
    Patient.objects.filter(pk=patient.pk).update(archived_at=NINE)
    asks: Any = UserFactory(role="MANAGER", clinic=patient.clinic)
    asked = ask_for_erasure(patient_id=patient.pk, reason="REQUEST", at=NINE, by=asks)
    assert not confirm_erasure(erasure_id=asked.pk, at=NINE, by=by).keeps_record


@pytest.fixture
def small(tmp_path: Path, keys: tuple[Path, str]) -> Path:
    """An archive without a database."""
    path = tmp_path / "clinic-20260302T120000Z.age"
    with archive.written(path, [keys[1]]) as writer:
        for number in range(3):
            writer.add(f"database/{number:06}", bytes([number]) * 200_000)
        writer.finish({"format": 1})
    return path


def parts(path: Path, secret: Path) -> dict[str, int]:
    return {
        name: len(content.read())
        for name, content in archive.read(path, archive.identities_in(secret))
    }


def changed(path: Path, change: Callable[[bytearray], bytes | bytearray]) -> None:
    path.write_bytes(change(bytearray(path.read_bytes())))


def flip(content: bytearray) -> bytearray:
    content[len(content) // 2] ^= 1
    return content


def test_what_was_written_is_read(small: Path, keys: tuple[Path, str]) -> None:
    """The control of what follows."""
    sizes = parts(small, keys[0])

    assert [sizes.pop(f"database/{n:06}") for n in range(3)] == [200_000] * 3
    assert list(sizes) == ["manifest.json"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(flip, id="one bit"),
        pytest.param(lambda content: content[:-1], id="the last byte is gone"),
        pytest.param(lambda content: content[: len(content) // 2], id="half of it"),
        pytest.param(lambda content: content + b"x", id="one byte more"),
        pytest.param(lambda content: b"", id="empty"),
    ],
)
def test_damage_is_found(small: Path, keys: tuple[Path, str], change: Any) -> None:
    changed(small, change)

    with pytest.raises(BackupFailed, match="damaged or cut off"):
        parts(small, keys[0])


def of(content: bytes) -> archive.Content:
    return archive.Content(io.BytesIO(content), lambda: BackupFailed("damaged"))


def test_nothing_is_restored_outside_of_the_folder(
    tmp_path: Path,
) -> None:
    """Whoever has the public key can make an archive."""
    with pytest.raises(BackupFailed, match="no backup of ours"):
        restore._place(tmp_path / "media", "../../etc/passwd", of(b"x"))


@pytest.mark.parametrize(
    ("meant", "now", "said"),
    [
        ({"patient": 2}, {"patient": 2}, ""),
        ({"patient": 2}, {"patient": 1}, "patient has 1 rows, not 2"),
        ({"patient": 2}, {}, "patient has 0 rows, not 2"),
        ({}, {"other": 1}, "other has 1 rows, not 0"),
        (
            dict.fromkeys("abcde", 1),
            {},
            "; ".join(f"{name} has 0 rows, not 1" for name in "abc") + " and 2 more",
        ),
    ],
)
def test_rows_that_are_not_there_are_told(
    meant: dict[str, int], now: dict[str, int], said: str
) -> None:
    assert checks._counted(meant, now) == said


FULL = """
import resource, sys
from pathlib import Path
from clinic.ops.backup import archive
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with archive.written(Path(sys.argv[1]) / "clinic-20260302T120000Z.age", [sys.argv[2]]) as w:
        for n in range(int(sys.argv[3])):
            w.add(str(n), bytes(100_000))
        w.finish({})
except archive.BackupFailed as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize(("pieces", "left"), [(1, 1), (200, 0)])
def test_a_full_disk_leaves_no_half_a_backup(
    tmp_path: Path, keys: tuple[Path, str], pieces: int, left: int
) -> None:
    """A file may not grow beyond 300 kB; the first case shows that a smaller one is made."""
    (tmp_path / "to").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "to", keys[1], str(pieces)],
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert len(list((tmp_path / "to").iterdir())) == left, done.stderr
    assert ("is full: no backup was made" in done.stderr) == (left == 0), done.stderr


def test_a_fault_on_the_way_leaves_no_half_a_backup(tmp_path: Path, keys: tuple[Path, str]) -> None:
    def fails() -> None:
        with archive.written(tmp_path / "x.age", [keys[1]]) as writer:
            writer.add("database/000000", b"x")
            raise BackupFailed("pg_dump: the server has ended")

    with pytest.raises(BackupFailed, match="pg_dump"):
        fails()

    assert [path.name for path in tmp_path.iterdir()] == ["key.txt"]


@pytest.mark.django_db(transaction=True)
def test_the_newest_are_kept_and_nothing_else_is_taken_away(
    tmp_path: Path, keys: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "dump", lambda snapshot: iter([b"x"]))
    for day in (1, 2, 3):
        (tmp_path / f"clinic-2026010{day}T000000Z.age").touch()
    (tmp_path / "clinic-old.age").touch()

    run("backup", "--to", str(tmp_path), "--recipient", keys[1], "--keep", "2")

    assert [path.name for path in backups(tmp_path)][1:] == ["clinic-20260103T000000Z.age"]
    assert (tmp_path / "clinic-old.age").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Where to?"),
        (["--to", "/nonexistent", "--recipient", "age1x"], "There is no folder"),
        (["--to", "/tmp"], "BACKUP_RECIPIENTS"),
        (["--to", "/tmp", "--recipient", "age1x"], "No key of age"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], told: str) -> None:
    assert told in run("backup", *arguments)[1]


@pytest.mark.django_db(transaction=True)
def test_absent_programs_are_named(tmp_path: Path, keys: tuple[Path, str], settings: Any) -> None:
    settings.PG_BIN = "/nonexistent"

    assert "PG_BIN" in run("backup", "--to", str(tmp_path), "--recipient", keys[1])[1]
    assert backups(tmp_path) == []


def test_a_key_is_written_once_and_for_its_owner(tmp_path: Path) -> None:
    told, _ = run("backup", "--make-key", str(tmp_path / "key"))

    assert told.startswith("age1")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert "exists" in run("backup", "--make-key", str(tmp_path / "key"))[1]
    assert "public" not in archive.identities_in(tmp_path / "key")[0]


def test_the_version_is_that_of_the_project() -> None:
    root = Path(django_settings.BASE_DIR)
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == VERSION
