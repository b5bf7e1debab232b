"""Make a backup. Note [One encrypted file]."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from clinic import VERSION
from clinic.db import schema
from clinic.ops.backup import database
from clinic.ops.backup.archive import DATABASE, MEDIA, BackupFailed, Writer, written

NAME = re.compile(r"clinic-\d{8}T\d{6}Z\.age")
KEYS = ("SECRET_KEY", "AUDIT_KEY")
FORMAT = 1
TOLD_EVERY = 500  # files


def make_backup(
    *, folder: Path, recipients: list[str], keep: int, at: datetime, tell: Callable[[str], None]
) -> Path:
    """Returns the file, which is whole. Takes away what is older than the newest `keep`."""
    if not recipients:
        raise BackupFailed(
            "For whose key? Name it in BACKUP_RECIPIENTS; manage.py backup --make-key FILE makes "
            "one, which opens the backups and does not belong on this server"
        )
    if not folder.is_dir():
        raise BackupFailed(f"There is no folder {folder}")
    path = folder / f"clinic-{at:%Y%m%dT%H%M%SZ}.age"
    with (
        written(path, recipients) as archive,
        database.snapshot() as (name, rows, server),
    ):
        tell(f"database: {len(rows)} tables, {sum(rows.values())} rows")
        size = _add_database(archive, name)
        tell(f"database: {size / 1e6:.1f} MB written")
        if settings.S3_BUCKET:
            files = _add_objects(archive, tell)
        else:
            files = _add_media(archive, Path(settings.MEDIA_ROOT), tell)
        tell(f"media: {files} files written")
        archive.finish(_manifest(rows, server, at))
    tell(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    for old in backups(folder)[keep:] if keep > 0 else []:
        old.unlink()
        tell(f"{old.name}: older than the newest {keep}, taken away")
    return path


def backups(folder: Path) -> list[Path]:
    """The whole ones, newest first."""
    return sorted((p for p in folder.iterdir() if NAME.fullmatch(p.name)), reverse=True)


def _add_database(archive: Writer, snapshot: str) -> int:
    size = 0
    for number, piece in enumerate(database.dump(snapshot)):
        archive.add(f"{DATABASE}{number:06}", piece)
        size += len(piece)
    return size


def _add_media(archive: Writer, root: Path, tell: Callable[[str], None]) -> int:
    count = 0
    for path in _files(root):
        try:
            archive.add_file(f"{MEDIA}{path.relative_to(root).as_posix()}", path)
        except FileNotFoundError:
            continue  # taken away since it was listed
        count += 1
        if count % TOLD_EVERY == 0:
            tell(f"media: {count} files")
    return count


def _add_objects(archive: Writer, tell: Callable[[str], None]) -> int:
    """The same from S3. Each is a megabyte or two, by our own hand."""
    count = 0
    for name in sorted(default_storage.listdir("photos")[1]):
        try:
            with default_storage.open(f"photos/{name}") as file:
                archive.add(f"{MEDIA}photos/{name}", file.read())
        except FileNotFoundError:
            continue
        count += 1
        if count % TOLD_EVERY == 0:
            tell(f"media: {count} files")
    return count


def _files(root: Path) -> Iterator[Path]:
    """Without the files of exports, which are made anew and gone within days."""
    for path in sorted(root.rglob("*")):
        if path.is_relative_to(root / "exports"):
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def _manifest(rows: dict[str, int], server: str, at: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "version": VERSION,
        "postgresql": server,
        "site": settings.PUBLIC_URL,
        "migrations": sorted(schema.applied()),
        "keys": {name: fingerprint(name, getattr(settings, name)) for name in KEYS},
        "field_keys": [fingerprint("FIELD_KEYS", key) for key in settings.FIELD_KEYS],
        "rows": rows,
    }


def fingerprint(name: str, key: str) -> str:
    """By which a key is known again, and which does not tell it: slow to guess."""
    salt = f"clinic backup {name}".encode()
    return hashlib.scrypt(key.encode(), salt=salt, n=2**14, r=8, p=1, dklen=8).hex()
