"""Whatever a list is asked, it reads what it shows: the short form of bench/large.py.

PostgreSQL would rather read a small table whole: here it may not, so that it does what it does with
a large one. What still reads more than it shows stands in BEYOND.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from bench.clinic_of import BIG, CLINIC
from bench.size import lists
from bench.size.fill import FILLED, fill
from bench.size.reads import Tables, ask
from clinic.models import Clinic, Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
# list and filter → why it reads more
BEYOND = {
    "/api/v1/patients/?q": "a search looks at 30,000 entries of an index at most: patients.search",
    "/api/v1/messages/?channel": "one of two: an index of all messages for whoever uses one only",
}


@contextmanager
def at_rest(cursor: Any, tables: Any) -> Iterator[None]:
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def large(catalogue: None) -> Clinic:
    """The larger one of two clinics, with more than a thousand rows of everything."""
    connection.ensure_connection()
    fill(connection.connection, at_rest, patients=1_400, messages=2)
    with connection.cursor() as cursor:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("SET LOCAL random_page_cost = 1.1")
    return Clinic.objects.get(pk=BIG.id(CLINIC, 0))


def test_no_list_reads_more_than_it_shows(large: Clinic) -> None:
    beyond: dict[str, str] = {}
    tables, opened = Tables(), 0
    assert all(tables.is_large(apps.get_model(label)._meta.db_table) for label in FILLED)
    user = UserFactory(role=Role.PRACTITIONER, clinic=large)
    get = lists.with_token(user)

    for url in sparing(lists.api_queries(user)):
        answer = ask(get, url)
        opened += answer.response.status_code == 200
        answer.explain()
        rows, table, _ = answer.judge(tables)
        if rows:
            beyond.setdefault(re.sub("=.*", "", url), f"{rows} rows of {table}")

    assert opened > 90
    assert {url: found for url, found in beyond.items() if url not in BEYOND} == {}
    assert set(BEYOND) == set(beyond)


def sparing(urls: Iterator[str]) -> Iterator[str]:
    """Of many values of one filter the first two and the last one, which no row has; every term."""
    waiting: list[str] = []
    for url in urls:
        if waiting and url.split("=")[0] != waiting[-1].split("=")[0]:
            yield from dict.fromkeys([*waiting[:2], waiting[-1]])
            waiting = []
        if "?q=" in url:
            yield url
        else:
            waiting.append(url)
    yield from dict.fromkeys([*waiting[:2], waiting[-1]])
