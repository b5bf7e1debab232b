"""Asking a worker to look now: soon, seldom, and never in anybody's way."""

import os
import time
from queue import Empty, Queue
from typing import Any
from unittest.mock import patch

import pytest
from kombu.exceptions import OperationalError

from clinic import wakeups


class Task:
    """As much of a Celery task as is asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: Queue[dict[str, Any]] = Queue()

    def apply_async(self, **options: Any) -> None:
        self.calls.put(options)
        if self.error:
            raise self.error


def test_a_worker_is_asked_at_once() -> None:
    task = Task()

    wakeups.wake(task)

    assert task.calls.get(timeout=5) == {"retry": False, "expires": 60}


def test_many_who_ask_at_once_ask_once_and_the_last_one_is_not_lost() -> None:
    task = Task()

    wakeups.wake(task)
    task.calls.get(timeout=5)
    for _ in range(100):
        wakeups.wake(task)

    task.calls.get(timeout=5)  # for those who asked after the first one was told
    with pytest.raises(Empty):
        task.calls.get(timeout=3 * wakeups.PAUSE_SECONDS)


def test_without_a_broker_nobody_is_harmed_and_the_next_one_is_heard() -> None:
    lost, task = Task(OperationalError("gone")), Task()

    with patch.object(wakeups.logger, "warning") as warning:
        wakeups.wake(lost)
        lost.calls.get(timeout=5)
        wakeups.wake(task)
        task.calls.get(timeout=5)

    warning.assert_called_once_with("no broker to wake a worker with: %s", lost.error)


def test_a_process_that_was_forked_has_a_thread_of_its_own() -> None:
    wakeups.wake(warm := Task())
    warm.calls.get(timeout=5)

    child = os.fork()
    if child == 0:
        wakeups.wake(task := Task())
        os._exit(0 if task.calls.get(timeout=5) else 1)

    ends = time.monotonic() + 20
    while (found := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < ends:
        time.sleep(0.05)
    assert found == (child, 0)
