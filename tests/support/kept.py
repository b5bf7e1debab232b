"""Rows that the tests of a file share, each as if they had been made for it alone.

Half of what the tests take is making the same clinic, people and plan again. So a fixture that is
`kept` is made once for all tests of a file that ask for the same ones. They lie in a transaction
that stays open around these tests, each of which has a savepoint, as ever, and gets copies of the
objects as they were when they were made.

A fixture can be kept if it only makes rows, out of `db` and of others that are kept. One that
replaces another of its name does not mix: what depends on it is then made for each test.
"""

import copy
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

Make = TypeVar("Make", bound=Callable[..., Any])
SHELF = pytest.StashKey[dict[Callable[..., Any], Any]]()
makers: dict[Any, Callable[..., Any]] = {}  # by the function that pytest calls


def kept(make: Make) -> Make:
    """Instead of `pytest.fixture`."""
    asked = inspect.signature(make)
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD)

    def fixture(request: pytest.FixtureRequest, **others: Any) -> Any:
        shelf = request.node.stash.get(SHELF, {})
        return shelf[make] if make in shelf else make(**others)

    fixture.__signature__ = asked.replace(  # type: ignore[attr-defined]
        parameters=[request, *asked.parameters.values()]
    )
    fixture.__name__, fixture.__doc__ = make.__name__, make.__doc__
    fixture.__module__ = make.__module__
    makers[fixture] = make
    found: Any = pytest.fixture(fixture)
    return found  # type: ignore[no-any-return]


class Shelf:
    """The rows that are kept now, and for whom."""

    def __init__(self) -> None:
        self.blocker: DjangoDbBlocker | None = None  # once there is a database
        self._key: tuple[Any, ...] = ()
        self._made: dict[Callable[..., Any], Any] = {}
        self._around: transaction.Atomic | None = None

    def prepare(self, item: pytest.Item) -> None:
        """Before the fixtures of a test are made."""
        if self._key[:1] != (item.path,):  # the next file may close the connection, or replace it
            self.clear()
        names = getattr(item, "fixturenames", [])
        if {"transactional_db", "live_server"} & {*names} or is_transactional(item):
            self.clear()
            return
        if "db" not in names and not item.get_closest_marker("django_db"):
            return
        makers = makers_for(item)
        key = (item.path, *makers)
        if key != self._key:
            self.clear()
            if makers and self.blocker:
                self._make(makers)
                self._key = key
        if key == self._key:
            item.stash[SHELF] = copy.deepcopy(self._made)

    def _make(self, makers: dict[Callable[..., Any], dict[str, Callable[..., Any]]]) -> None:
        assert self.blocker
        with self.blocker.unblock():
            self._around = transaction.atomic()
            self._around.__enter__()
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            for make, others in makers.items():
                given = {name: self._made[other] for name, other in others.items()}
                self._made[make] = make(**given, **({"db": None} if wants_db(make) else {}))

    def clear(self) -> None:
        if self._around is None:
            return
        assert self.blocker
        with self.blocker.unblock():
            transaction.set_rollback(True)
            self._around.__exit__(None, None, None)
        self._key, self._made, self._around = (), {}, None


shelf = Shelf()


def wants_db(make: Callable[..., Any]) -> bool:
    return "db" in inspect.signature(make).parameters


def is_transactional(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and (mark.kwargs.get("transaction") or mark.args or len(mark.kwargs) > 1))


def makers_for(item: Any) -> dict[Callable[..., Any], dict[str, Callable[..., Any]]]:
    """What can be kept of what a test asks for, in the order in which it is made, each with those
    that it is made of."""
    known = item._fixtureinfo.name2fixturedefs
    found: dict[Callable[..., Any], dict[str, Callable[..., Any]]] = {}
    by_name: dict[str, Callable[..., Any]] = {}

    def visit(name: str) -> bool:
        if name == "db" or name in by_name:
            return True
        definition = known.get(name, [None])[-1]
        make = makers.get(getattr(definition, "func", None))
        if make is None:
            return False
        others = [other for other in inspect.signature(make).parameters if other != "db"]
        if not all(visit(other) for other in others):
            return False
        by_name[name] = make
        found[make] = {other: by_name[other] for other in others}
        return True

    for name in item.fixturenames:
        visit(name)
    return found
