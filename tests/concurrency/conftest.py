"""Real threads with connections of their own, started together."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection


def race(*attempts: Callable[[], Any]) -> "Counter[str]":
    """Run all attempts at the same moment; counts what each returned or raised, by name."""
    barrier = threading.Barrier(len(attempts))
    outcomes: list[str] = []

    def run(attempt: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            outcomes.append(str(attempt()))
        except Exception as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return Counter(outcomes)


def waiting_for_each_other(looks: int = 2) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wraps what looks before it writes: nobody goes on before all of them have looked."""
    all_have_looked = threading.Barrier(looks)

    def wrapped(look: Callable[..., Any]) -> Callable[..., Any]:
        def look_and_wait(*args: Any, **kwargs: Any) -> Any:
            found = look(*args, **kwargs)
            all_have_looked.wait(timeout=30)
            return found

        return look_and_wait

    return wrapped


@contextmanager
def without_locks() -> Iterator[None]:
    """Bookings take no advisory locks: for the control arms."""
    with (
        patch("sessions.services.booking.book.lock"),
        patch("sessions.services.booking.book.statement", return_value=None),
    ):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Threads see only what is committed, so these tests cannot run inside a transaction."""
    for item in items:
        if "concurrency" in item.path.parts:
            item.add_marker(pytest.mark.django_db(transaction=True))
