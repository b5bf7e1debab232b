"""One process for each upload: it has no secrets, little memory and little time.

Decoders are large programs in C that read what strangers send. A bomb, a loop or a crash ends that
process, and whoever uploaded hears that the file cannot be read.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, gettext_noop

MEMORY_BYTES = 2_500_000_000  # of addresses; a picture of 60 megapixels takes up to one of them
CPU_SECONDS = 20
WALL_SECONDS = 60  # a machine that has much to do is no fault of the file
MOST_BYTES = 100_000_000  # of what comes back
CHILD = Path(__file__).with_name("child.py")
# What the decoders say; their process knows no language.
WORDS = (
    gettext_noop("This is neither a CSV file nor a workbook (XLSX)."),
    gettext_noop("Nothing stands in the file."),
    gettext_noop("More than 10000 rows: split the file."),
    gettext_noop("The workbook is too large: split it."),
    gettext_noop("Its letters are not in UTF-8: save it as “CSV UTF-8”, or as a workbook (XLSX)."),
    gettext_noop("A JPEG may have 50 scans at most."),
    gettext_noop("At most 12,000 pixels a side and 60 megapixels."),
)
log = logging.getLogger(__name__)


class GaveUp(Exception):
    """The process was ended, or has crashed: nothing is known of what stands in the file."""


class Unreadable(Exception):
    """What the decoder says: `kind` is for the program, the words are for people."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind, self.words = kind, words
        super().__init__(kind)


def decode(work: str, content: bytes) -> tuple[Any, list[bytes]]:
    """What `work` of clinic.decoding.child makes of it: facts, and files. Raises Unreadable,
    GaveUp."""
    command = [sys.executable, "-I", str(CHILD), work, str(MEMORY_BYTES), str(CPU_SECONDS)]
    environment = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            timeout=WALL_SECONDS,
            env=environment,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        log.warning("a file was decoded for too long")
        raise GaveUp from error
    if done.returncode:  # only how it ended: what it says may hold what stands in the file
        log.warning("the process that decodes a file ended with %s", done.returncode)
        raise GaveUp
    head, _, rest = done.stdout.partition(b"\n")
    if len(done.stdout) > MOST_BYTES:
        raise GaveUp
    told = json.loads(head)
    if "refused" in told:
        words = told["words"]
        raise Unreadable(told["refused"], gettext(words) if words else "")
    files, at = [], 0
    for size in told["sizes"]:
        files.append(rest[at : at + size])
        at += size
    return told["facts"], files
