"""Celery programs that start at once: forked from a process that has imported everything.

    python bench/faults/warm.py APP

Each line that it reads holds the arguments of one `celery -A APP`, which it starts; the answer is
the pid. Who kills workers all the time cannot wait seconds for each to start.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import django
from celery.app.utils import find_app

from clinic.embedded.process import die_with_parent


def main(name: str) -> None:
    django.setup()
    app = find_app(name)
    app.loader.import_default_modules()
    import_module("celery.apps.worker")
    import_module("celery.apps.beat")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for them
    guard = die_with_parent(signal.SIGTERM)
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
        else:
            guard()
            become(app, line.split())


def become(app: object, arguments: list[str]) -> NoReturn:
    """This process is a Celery program from now on."""
    os.setsid()  # Ctrl-C reaches only the bench
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    app.start(arguments)  # type: ignore[attr-defined]
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1])
