import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.support.moved_clock import AHEAD


def main(moment: str, *arguments: str) -> int:
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    compiler = shutil.which("cc") or sys.exit("There is no C compiler: apt-get install gcc")
    with tempfile.TemporaryDirectory(prefix="moved-clock-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, as another user, reads it too
        library, source = Path(folder) / "clock.so", Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        moved = {"LD_PRELOAD": str(library), AHEAD: f"{ahead.total_seconds():.0f}"}
        tests = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(tests, env=os.environ | moved, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
