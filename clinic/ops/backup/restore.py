"""Restore a backup into an empty database, and say whether it is the clinic again."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from aftercare.records.erasure import apply_again, journal_file
from clinic.ops.backup import checks, database
from clinic.ops.backup.archive import DATABASE, MANIFEST, MEDIA, PIECE, BackupFailed, Content, read
from clinic.ops.backup.make import FORMAT, fingerprint


@dataclass
class Report:
    """What was found, as it is told: each line is well or not."""

    tell: Callable[[str], None]
    faults: list[str] = field(default_factory=list)

    def well(self, said: str) -> None:
        self.tell(f"ok   {said}")

    def fault(self, said: str) -> None:
        self.tell(f"NOT  {said}")
        self.faults.append(said)

    def about(self, fault: str, well: str) -> None:
        if fault:
            self.fault(fault)
        else:
            self.well(well)


def restore_backup(
    *,
    file: Path,
    identities: list[str],
    rehearsal: bool,
    tell: Callable[[str], None],
    journal: Path | None = None,
) -> list[str]:
    """Returns what is not well. A rehearsal takes away again what it has restored. What was erased
    since the backup, by the `journal` and the one that is set, is erased again."""
    report, root = Report(tell), Path(settings.MEDIA_ROOT)
    if not database.is_empty():
        raise BackupFailed(
            "The database is not empty, and a backup is restored into an empty one: create it, "
            "with the same owner, and name it in DATABASE_URL. Nothing was changed"
        )
    if not rehearsal and root.exists() and any(root.iterdir()):
        raise BackupFailed(f"{root} is not empty (MEDIA_ROOT). Nothing was changed")
    manifest = verify(file, identities, report)
    _compare_keys(manifest, report)
    if not rehearsal:
        unpack(file, identities, root)
        checks.check_all(manifest, root, report)
        erased = sum(apply_again(path) for path in {journal_file(), journal or journal_file()})
        report.well(f"erased again, by the journal: {erased} patient{'' if erased == 1 else 's'}")
        return report.faults
    media = Path(tempfile.mkdtemp(prefix=".rehearsal-", dir=_existing(root)))
    try:
        unpack(file, identities, media)
        checks.check_all(manifest, media, report)
    finally:
        shutil.rmtree(media)
        database.empty()
    tell("The rehearsal is over: the database is empty again.")
    return report.faults


def _existing(path: Path) -> Path:
    """The nearest folder that there is: on the disk where the photographs go."""
    return path.parent if path.parent.exists() else _existing(path.parent)


def verify(file: Path, identities: list[str], report: Report) -> dict[str, Any]:
    """Read all of it and write nothing. Returns the manifest; raises BackupFailed."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    with closing(read(file, identities)) as parts:
        for name, content in parts:
            if name == MANIFEST:
                manifest = json.loads(content.read())
            else:
                found[name] = _summed(content)
    if manifest is None:
        raise BackupFailed(f"{file.name} is not whole: its manifest is missing")
    if manifest["format"] != FORMAT:
        raise BackupFailed(f"{file.name} was made by another version: {manifest['version']}")
    meant = manifest["parts"]
    if wrong := sorted(n for n in meant.keys() | found.keys() if meant.get(n) != found.get(n)):
        raise BackupFailed(f"{file.name}: {wrong[0]} is not as it was written ({len(wrong)} parts)")
    size = sum(part["size"] for part in found.values())
    report.well(
        f"the file is whole: {len(found)} parts, {size / 1e6:.1f} MB, made at "
        f"{manifest['made_at']} by version {manifest['version']} of {manifest['site']}"
    )
    return manifest


def _summed(content: Content) -> dict[str, Any]:
    size, digest = 0, hashlib.sha256()
    while piece := content.read(PIECE):
        size += len(piece)
        digest.update(piece)
    return {"size": size, "sha256": digest.hexdigest()}


def _compare_keys(manifest: dict[str, Any], report: Report) -> None:
    for name, meant in manifest["keys"].items():
        here = fingerprint(name, getattr(settings, name))
        report.about(
            "" if here == meant else f"{name} is another than when the backup was made",
            f"{name} is that of the backup",
        )
    known = {fingerprint("FIELD_KEYS", key) for key in settings.FIELD_KEYS}
    missing = [key for key in manifest.get("field_keys", ()) if key not in known]
    report.about(
        f"{len(missing)} of the FIELD_KEYS of the backup are not here" if missing else "",
        "FIELD_KEYS has all keys of the backup",
    )


def unpack(file: Path, identities: list[str], media: Path) -> None:
    """The database first, all of it or nothing of it, then the media."""
    restoring = database.Restoring()
    try:
        with closing(read(file, identities)) as parts:
            for name, content in parts:
                if name.startswith(DATABASE):
                    restoring.write(content.read())
                elif name.startswith(MEDIA):
                    _place(media, name.removeprefix(MEDIA), content)
        restoring.finish()
    except BaseException:
        restoring.give_up()
        raise


def _place(media: Path, name: str, content: Content) -> None:
    path = (media / name).resolve()
    if not path.is_relative_to(media.resolve()):
        raise BackupFailed(f"{name} would lie outside of {media}: this is no backup of ours")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb") as out:
        path.chmod(0o600)
        shutil.copyfileobj(content, out, PIECE)
