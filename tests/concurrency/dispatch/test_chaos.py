"""Workers, broker, database and beat are killed while messages are being sent; in short.

The long version, and what it measures: bench/faults/chaos.py and docs/performance.md.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings

MEMORY = Path("/dev/shm")


def test_nothing_is_sent_twice_or_lost_while_everything_is_killed() -> None:
    """For a provider that de-duplicates and one that does not. The control, with workers that mark
    a message after the call, has to send something twice, or the run fails."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 1_000_000_000
    folder = ["--folder", str(MEMORY)] if roomy else []

    run = subprocess.run(
        [sys.executable, "-m", "bench.faults.chaos", "--quick", *folder],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert run.returncode == 0, run.stderr + run.stdout
