"""Our backend notices a lost connection without a query."""

from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction

pytestmark = pytest.mark.django_db(transaction=True)


def asked_for_health(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What psycopg is asked beside Django's own cursors."""
    import psycopg

    asked: list[str] = []
    execute = psycopg.ClientCursor.execute

    def recorded(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(query))
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.ClientCursor, "execute", recorded)
    return asked


def test_a_connection_that_is_fine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    asked = asked_for_health(monkeypatch)

    assert connection.is_usable()
    assert asked == []


@pytest.mark.parametrize("closed_by", ["server", "us"])
def test_a_connection_that_is_lost_is_noticed_and_replaced(closed_by: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    if closed_by == "us":
        connection.connection.close()
    else:
        other = connections.create_connection("default")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        other.close()

    assert not connection.is_usable()

    wrapper: Any = connection
    wrapper.health_check_enabled, wrapper.health_check_done = True, False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (pid,)


def test_a_notice_that_waits_to_be_read_does_not_cost_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("NOTIFY news")
    other.close()

    assert connection.is_usable()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == (pid,)
        cursor.execute("UNLISTEN *")


def test_a_transaction_that_has_failed_is_not_usable() -> None:
    with transaction.atomic():
        with pytest.raises(ProgrammingError), connection.cursor() as cursor:
            cursor.execute("SELECT nothing")
        assert not connection.is_usable()
        transaction.set_rollback(True)
