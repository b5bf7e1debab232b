"""Asking a worker to look now. A courtesy: beat asks every few seconds anyway.

A thread of its own tells the broker, so that no desk waits for it, and ten bookings in the blink of
an eye ask once.
"""

import logging
import os
import threading
import time
from typing import Any

from kombu.exceptions import OperationalError

PAUSE_SECONDS = 0.25  # between two messages to the broker

logger = logging.getLogger(__name__)


class _Waker:
    """The tasks that are asked for, and the thread that passes them on."""

    def __init__(self) -> None:
        self._tasks: set[Any] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, task: Any) -> None:
        with self._changed:
            self._tasks.add(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._tasks:
                    self._changed.wait()
                tasks, self._tasks = self._tasks, set()
            for task in tasks:
                _publish(task)
            time.sleep(PAUSE_SECONDS)


def _publish(task: Any) -> None:
    try:
        task.apply_async(retry=False, expires=60)
    except OperationalError as error:
        logger.warning("no broker to wake a worker with: %s", error)


_waker = _Waker()
# A process that is forked has no threads, and perhaps a lock that nobody will ever give back.
os.register_at_fork(after_in_child=_waker.__init__)  # type: ignore[misc]


def wake(task: Any) -> None:
    """Have a worker run this Celery task, which takes no arguments, once there is a moment."""
    _waker.ask(task)
