"""Statements that are planned once per connection."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.db.prepared import Prepared

pytestmark = pytest.mark.django_db
SUM = Prepared(
    "test_sum",
    "SELECT %(a)s + %(b)s, %(a)s %% 2 = 0, 'a' LIKE '%%a'",
    types={"b": "int", "a": "int"},
)
DIVIDE = Prepared("test_divide", "SELECT 1 / %(by)s", types={"by": "int"})


def run(statement: Prepared, **values: int | None) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        statement.execute(cursor, values)
        row: tuple[object, ...] = cursor.fetchone()
        return row


def taught(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [name])
        return int(cursor.fetchone()[0])


def test_values_go_by_name_and_each_run_is_one_query() -> None:
    for a in (2, 3):
        with CaptureQueriesContext(connection) as queries:
            assert run(SUM, a=a, b=40) == (a + 40, a == 2, True)
        assert len(queries) == 1
    assert taught("test_sum") == 1


def test_null_is_a_value() -> None:
    assert run(SUM, a=None, b=1) == (None, None, True)


def test_a_rollback_does_not_forget_what_the_connection_was_taught() -> None:
    with pytest.raises(DataError), transaction.atomic():
        run(DIVIDE, by=0)

    for asked in (1, 0):  # whether it is there, once
        with CaptureQueriesContext(connection) as queries:
            assert run(DIVIDE, by=1) == (1,)
        assert len(queries) == asked + 1
    assert taught("test_divide") == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_taught_again() -> None:
    assert run(SUM, a=1, b=1)[0] == 2
    connection.close()
    assert run(SUM, a=1, b=2)[0] == 3
    assert taught("test_sum") == 1
