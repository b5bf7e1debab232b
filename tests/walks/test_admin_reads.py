"""No page of the admin asks the database for the same thing twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from tests.walks.test_admin_walk import address, browser, staff

pytestmark = pytest.mark.django_db
# Each part of a patient's page reads what the zones are called.
OF_EACH_PART = 'SELECT "patient_zone"."code" AS "code", "patient_zone"."name" AS "name"'


@contextmanager
def statements() -> Iterator["Counter[tuple[str, str]]"]:
    """What is asked meanwhile, with its values."""
    asked: Counter[tuple[str, str]] = Counter()

    def listen(execute: Callable[..., Any], sql: str, params: Any, *args: Any) -> Any:
        asked[sql, repr(params)] += 1
        return execute(sql, params, *args)

    with connection.execute_wrapper(listen):
        yield asked


def test_no_page_asks_for_the_same_twice(rows: list[Any], catalogue: None) -> None:
    again: dict[str, list[str]] = {}
    tried = 0
    for user in staff(rows[0])[:3]:
        client = browser(user)
        for row in rows:
            for page in ("changelist", "add", "change", "history"):
                with statements() as asked:
                    answer = client.get(address(row, page))
                if answer.status_code == 200:
                    tried += 1
                    if found := [told(sql) for sql, times in repeated(asked, row) if times > 1]:
                        again[f"{user.role} {address(row, page)}"] = found

    assert tried > 300
    assert again == {}


def repeated(asked: "Counter[tuple[str, str]]", row: Any) -> Iterator[tuple[str, int]]:
    """Statements with how often they were asked. A page reads its own row once for its version,
    and once after that: what is shown may be newer than its version, never older."""
    own = f'FROM "{row._meta.db_table}"'
    for (sql, params), times in asked.items():
        is_own = own in sql and sql.endswith("LIMIT 21") and repr(row.pk) in params
        if not sql.startswith(OF_EACH_PART):
            yield sql, times - is_own


def told(sql: str) -> str:
    table = sql.partition('FROM "')[2].partition('"')[0]
    return f"{table}: {sql[-200:]}"
