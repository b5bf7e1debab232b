import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.support.moved_clock import AHEAD

moment, *arguments = sys.argv[1:]
ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
# PostgreSQL, as another user, reads it too.
with tempfile.TemporaryDirectory(prefix="moved-clock-") as folder:
    Path(folder).chmod(0o755)
    library = Path(folder) / "clock.so"
    source = Path(__file__).with_name("clock.c")
    compiler = shutil.which("cc") or sys.exit("There is no C compiler: apt-get install gcc")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = os.environ | {"LD_PRELOAD": str(library), AHEAD: f"{ahead.total_seconds():.0f}"}
    tests = [sys.executable, "-m", "pytest", *arguments]
    sys.exit(subprocess.run(tests, env=environment, check=False).returncode)
