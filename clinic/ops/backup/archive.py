"""The file of a backup: written and read as a stream. Note [One encrypted file]."""

import errno
import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyrage

MANIFEST = "manifest.json"
DATABASE, MEDIA = "database/", "media/"
PIECE = 4 * 1024 * 1024


class BackupFailed(Exception):
    """In words, for whoever made or restores a backup."""


class _Pipe(threading.Thread):
    """Encrypts or decrypts beside whoever writes into, or reads from, its other end."""

    def __init__(self, work: Callable[[], None], close: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work, self._close = work, close
        self.fault: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as fault:  # told by whoever joins
            self.fault = fault
        finally:
            self._close()


class Writer:
    """Adds to an archive and keeps the size and the checksum of each part."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.parts: dict[str, dict[str, Any]] = {}

    def add(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = size
        summed = _Summed(file)
        self._tar.addfile(entry, summed)
        self.parts[name] = {"size": size, "sha256": summed.digest.hexdigest()}

    def finish(self, manifest: dict[str, Any]) -> None:
        self.add(MANIFEST, json.dumps({**manifest, "parts": self.parts}, indent=1).encode())


class _Summed(io.RawIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        return content


@contextmanager
def written(path: Path, recipients: list[str]) -> Iterator[Writer]:
    """An archive at `path`, which is there when it is whole and not before."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        keys = [pyrage.x25519.Recipient.from_str(key) for key in recipients]
    except pyrage.RecipientError as error:
        raise BackupFailed(f"No key of age to encrypt for ({error}): it begins with age1") from None
    try:
        with open(partial, "xb", opener=_private) as file:
            yield from _encrypting(file, keys)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BackupFailed(_why(error, path.parent)) from error
    finally:
        partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _why(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk of {folder} is full: no backup was made"
    return f"{error.strerror or error}: {error.filename or folder}"


class _Faithful:
    """A file that keeps the fault which the encrypting library would tell in other words."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.fault: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as fault:
            self.fault = fault
            raise

    def flush(self) -> None:
        self._file.flush()


def _encrypting(file: IO[bytes], keys: list[Any]) -> Iterator[Writer]:
    reading, writing = os.pipe()
    target = _Faithful(file)
    source = os.fdopen(reading, "rb")
    pipe = _Pipe(lambda: pyrage.encrypt_io(source, target, keys), source.close)
    try:
        with (
            os.fdopen(writing, "wb", buffering=PIECE) as sink,
            tarfile.open(fileobj=sink, mode="w|", bufsize=PIECE) as tar,
        ):
            yield Writer(tar)
    except BrokenPipeError as broken:
        pipe.join()
        raise target.fault or pipe.fault or broken from None
    finally:
        pipe.join()
    if fault := target.fault or pipe.fault:
        raise fault


class Content:
    """One part of an archive, read as it comes."""

    def __init__(self, file: IO[bytes], why: Callable[[], BackupFailed]) -> None:
        self._file, self._why = file, why

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except tarfile.TarError:
            raise self._why() from None


def read(path: Path, identities: list[str]) -> Generator[tuple[str, Content], None, None]:
    """The parts of an archive, in their order. Raises BackupFailed where it is not as it was
    written: each piece of the file is sealed (age), so a changed byte is found on its way."""
    try:
        keys = [pyrage.x25519.Identity.from_str(key) for key in identities]
    except pyrage.IdentityError:
        raise BackupFailed("No key of age in that file: it begins with AGE-SECRET-KEY-1") from None
    reading, writing = os.pipe()
    sink = os.fdopen(writing, "wb", buffering=PIECE)
    with path.open("rb") as file, os.fdopen(reading, "rb") as source:
        pipe = _Pipe(lambda: pyrage.decrypt_io(file, sink, keys), lambda: _closed(sink))

        def why() -> BackupFailed:
            pipe.join()
            return BackupFailed(_unreadable(path, pipe.fault))

        try:
            with tarfile.open(fileobj=source, mode="r|", bufsize=PIECE) as tar:
                for entry in tar:
                    if content := tar.extractfile(entry):
                        yield entry.name, Content(content, why)
            while source.read(PIECE):  # to the end: that is sealed too
                pass
        except tarfile.TarError:
            raise why() from None
        pipe.join()
        if pipe.fault:
            raise why()


def _closed(sink: IO[bytes]) -> None:
    try:
        sink.close()
    except BrokenPipeError:
        pass  # whoever reads has seen enough


def _unreadable(path: Path, fault: BaseException | None) -> str:
    said = str(fault or "")
    if "No matching keys" in said:
        return f"{path.name} is encrypted for another key than this one"
    return f"{path.name} is damaged or cut off ({said or 'it is no archive'}): take another backup"


def identities_in(file: Path) -> list[str]:
    """The secret keys in a file as age-keygen writes it."""
    lines = (line.strip() for line in file.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def new_identity(file: Path) -> str:
    """Writes a secret key that opens backups, for its owner alone. Returns the public one."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    with open(file, "x", opener=_private) as out:
        out.write(f"# public key: {public}\n{identity}\n")
    return public
