"""Lose a clinic and get it back: python -m bench.faults.restore_drill --sessions 100000

First with a backup, by the commands that docs/operations.md names, into an empty cluster. Then to a
moment: a base backup and the archive of the log bring back what was committed just before somebody
deleted it. Each step is timed; ends with 1 if something is not as it was.
"""

import argparse
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from PIL import Image

from bench.clinic_of import Bare, today
from bench.servers import POSTGRES, ROOT, connect, servers
from bench.stats import Machine
from clinic.embedded import Postgres, Valkey
from clinic.embedded.process import stop_process

PHOTO_EVERY = "UPDATE treatment_photo SET image = 'photos/' || id || '.jpg',"
PHOTO_EVERY += " thumbnail = 'photos/' || id || '-small.jpg', sha256 = %s"
MARK = "INSERT INTO clinic_heartbeat (name, seen_at) VALUES ('drill', now())"


class Archived(Postgres):
    """With the settings of docs/operations.md, “To a moment”."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.archive = folder.parent / "wal"
        self.archive.mkdir(mode=0o777, exist_ok=True)
        self.archive.chmod(0o777)
        copy = f"{self.archive}/%f"
        command = (
            f"test ! -f {copy} && cp %p {copy}.part && sync {copy}.part && mv {copy}.part {copy}"
        )
        settings = {**POSTGRES, "archive_mode": "on", "archive_command": command}
        super().__init__(folder, **{**options, "settings": settings})


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)


def fill_clinic(postgres: Postgres, media: Path, sessions: int) -> None:
    from bench.size.fill import fill
    from sessions.models import Photo

    with connect() as connection:
        fill(connection, Bare, patients=sessions // 4, messages=1)
    picture = io.BytesIO()
    Image.effect_noise((320, 240), 60).save(picture, "JPEG", quality=85)
    content = picture.getvalue()
    (media / "photos").mkdir(parents=True)
    with postgres.connect_as_superuser(database="clinic") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(PHOTO_EVERY, [hashlib.sha256(content).hexdigest()])
    for image, thumbnail in Photo.objects.values_list("image", "thumbnail").iterator():
        (media / image).write_bytes(content)
        (media / thumbnail).write_bytes(content[:20_000])
    size = sum(path.stat().st_size for path in media.rglob("*.jpg"))
    with connect() as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    print(f"database {int(str(row[0])) / 1e6:.0f} MB, photographs {size / 1e6:.0f} MB", flush=True)


def manage(*arguments: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env={**os.environ, **environment}
    )
    if done.returncode:
        sys.exit(f"manage.py {arguments[0]} ended with {done.returncode}")


def from_a_backup(folder: Path, media: Path) -> None:
    key, to = folder / "key.txt", folder / "backups"
    to.mkdir()
    from clinic.ops.backup.archive import new_identity

    public = new_identity(key)
    with timed("backup"):
        manage("backup", "--to", str(to), "--recipient", public, MEDIA_ROOT=str(media))
    [file] = to.iterdir()
    empty = Postgres(folder / "empty", settings=POSTGRES)
    try:
        with timed("an empty cluster"):
            url = empty.start().url
        here = {"DATABASE_URL": url, "MEDIA_ROOT": str(folder / "restored")}
        with timed("restore, with all checks"):
            manage("restore", str(file), "--key", str(key), **here)
    finally:
        empty.stop()
        shutil.rmtree(empty.folder, ignore_errors=True)


def to_a_moment(folder: Path, postgres: Archived) -> None:
    """Committed, then deleted by mistake: it is there again, and so is all before it."""
    as_account: dict[str, Any] = postgres._as_account()
    base = postgres.folder / "base"
    with postgres.connect_as_superuser(database="clinic") as connection:
        with timed("base backup"):
            arguments: list[str | Path] = [
                "-D",
                base,
                "--checkpoint=fast",
                "-h",
                str(postgres._sockets),
            ]
            subprocess.run(
                [postgres.binaries / "pg_basebackup", *arguments, "-U", "postgres"],
                check=True,
                **{**as_account, "env": {**as_account["env"], "PGPASSWORD": _password(postgres)}},
            )
        connection.execute(MARK)
        row = connection.execute("SELECT clock_timestamp()::text").fetchone()
        assert row
        connection.execute("DELETE FROM clinic_heartbeat")
        connection.execute("SELECT pg_switch_wal()")
    with timed("recovery to just before the mistake"):
        _recover(postgres, base, row[0])


def _password(postgres: Postgres) -> str:
    return (postgres.folder / "superuser-password").read_text().strip()


def _recover(postgres: Archived, base: Path, moment: str) -> None:
    options: dict[str, Any] = postgres._as_account()
    subprocess.run(["touch", base / "recovery.signal"], check=True, **options)
    sockets = postgres._sockets / "again"
    subprocess.run(["mkdir", sockets], check=True, **options)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "restore_command": f"cp {postgres.archive}/%f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
        "archive_mode": "off",
    }
    process = subprocess.Popen(
        [postgres.binaries / "postgres", "-D", base, *(f"--{k}={v}" for k, v in settings.items())],
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        told = _ask(sockets, _password(postgres))
        print(f"the row that was deleted is there again: {told}")
        if not told:
            sys.exit("it is not")
    finally:
        stop_process(process, signal.SIGINT, 30)


def _ask(sockets: Path, password: str) -> bool:
    import psycopg

    ends = time.monotonic() + 600
    while True:
        try:
            with psycopg.connect(
                host=str(sockets), user="postgres", dbname="clinic", password=password
            ) as connection:
                found = connection.execute("SELECT FROM clinic_heartbeat WHERE name = 'drill'")
                return found.rowcount == 1
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="on the disk that is tried")
    options = parser.parse_args()
    with servers(options.folder, Archived, Valkey) as (folder, postgres, _):
        media = folder / "media"
        os.environ["PG_BIN"] = str(postgres.binaries)
        os.environ["MEDIA_ROOT"] = str(media)
        django.setup()
        machine = Machine()
        machine.look()
        print(f"{today()}: {machine.line()}")
        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", verbosity=0)
        with timed(f"{options.sessions:,} sessions made"):
            fill_clinic(postgres, media, options.sessions)
        from_a_backup(folder, media)
        to_a_moment(folder, postgres)


if __name__ == "__main__":
    main()
