"""Why something cannot start here, in one sentence that says what to do."""

import errno
import json
import re
from pathlib import Path

SPACE = "No space left on device"
# What a server that does not start has written, and what it means for whoever starts it.
CAUSES = {
    SPACE: "the disk is full. Free some space, or name another folder by CLINIC_VAR",
    "Disk quota exceeded": "the disk is full for this account. Free some space",
    "could not map anonymous shared memory|Cannot allocate memory|[Oo]ut of memory|bad_alloc": (
        "there is not enough memory. End other programs, and start again"
    ),
    "could not create semaphores|Resource temporarily unavailable": (
        "this account may start no more processes. End other programs, and start again"
    ),
    "database files are incompatible": (
        "its data is of another version of PostgreSQL. Delete the folder to start afresh"
    ),
    'could not locate a valid checkpoint|invalid checkpoint record|could not open file "global': (
        "its data is damaged. Restore a copy, or delete the folder to start afresh"
    ),
    "Permission denied|Operation not permitted": "this account may not use its folder",
    "Read-only file system": "its folder is read-only. Name another one by CLINIC_VAR",
}
OF_SYSTEM = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: "Disk quota exceeded",
    errno.ENOMEM: "Cannot allocate memory",
    errno.EAGAIN: "Resource temporarily unavailable",
    errno.EACCES: "Permission denied",
    errno.EPERM: "Permission denied",
    errno.EROFS: "Read-only file system",
}
OF_DATABASE = {"53100": SPACE, "53200": "Cannot allocate memory"}


def cause(written: str) -> str:
    """What the output of a program means; of what is not known, its last line."""
    for pattern, words in CAUSES.items():
        if re.search(pattern, written):
            return words
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    grave = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (grave or lines or ["it says nothing"])[-1]


def in_words(error: BaseException, folder: Path) -> str:
    """A fault of the machine, which nobody need read a traceback for; empty for one of ours."""
    place, said = folder, ""
    if isinstance(error, MemoryError):
        said = cause("Cannot allocate memory")
    elif isinstance(error, OSError):
        place = Path(error.filename) if isinstance(error.filename, str) else folder
        said = cause(OF_SYSTEM.get(error.errno or 0) or error.strerror or str(error))
    elif state := OF_DATABASE.get(getattr(error.__cause__, "sqlstate", None) or ""):
        said = cause(state)
    return said and f"Cannot work in {place}: {said}."


def parts_lacking(body: bytes) -> str:
    """What `/readyz` says is not there, in its words where it has some."""
    try:
        told = json.loads(body)
    except ValueError:
        return "it answers no JSON"
    missing = [name for name, works in told.items() if works is False and name != "ready"]
    said = [told.get("database_says", ""), *told.get("differences", []), told.get("what_to_do", "")]
    return "; ".join([f"{', '.join(missing)} missing or silent", *filter(None, said)])
