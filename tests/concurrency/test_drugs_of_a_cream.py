"""Two drugs of one cream are added at the same moment: together they are within its strength."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from sessions.models import Product
from tests.concurrency.conftest import race
from tests.factories import ProductDrugFactory, ProductFactory

LOCK = "FOR NO KEY UPDATE"


def drugs_of(product: Product, meet: Callable[[], object]) -> list[Callable[[], str]]:
    def add(drug: str) -> str:
        with transaction.atomic():
            ProductDrugFactory(product=product, drug=drug, percent=3)
            meet()  # before the commit
        return "added"

    return [lambda drug=drug: add(drug) for drug in ("LIDOCAINE", "PRILOCAINE")]  # type: ignore[misc]


def test_who_adds_the_second_waits_for_the_first() -> None:
    cream = ProductFactory(kind="ANAESTHETIC", strength_percent=5)

    assert race(*drugs_of(cream, lambda: None)) == {"added": 1, "IntegrityError": 1}
    assert cream.drugs.count() == 1


def test_without_the_lock_neither_sees_the_other() -> None:
    """The control arm."""
    cream = ProductFactory(kind="ANAESTHETIC", strength_percent=5)

    with without_the_lock():
        both_are_in = threading.Barrier(2, timeout=30)
        results = race(*drugs_of(cream, both_are_in.wait))

    assert results == {"added": 2}


@contextmanager
def without_the_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE %s",
            ["pgtrigger_drugs_within_strength%"],
        )
        ((definition,),) = cursor.fetchall()
        assert LOCK in definition
        cursor.execute(definition.replace(LOCK, "").replace("%", "%%"))
        try:
            yield
        finally:
            cursor.execute(definition.replace("%", "%%"))
