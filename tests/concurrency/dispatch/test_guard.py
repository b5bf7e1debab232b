"""A database that is restored or copied sends nothing until somebody says so."""

import io
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from aftercare.dispatch import guard
from aftercare.dispatch import run as dispatch
from aftercare.models import DispatchGuard, Message
from tests.dispatch.test_dispatch import ready, seen
from tests.factories import DAY, HOUR
from tests.support.doubles import SmtpServer


@pytest.fixture
def copy() -> Iterator[Any]:
    """Go over to a copy of the database, as a restored dump would be: `copy()`."""
    original, name = connection.settings_dict["NAME"], "copy_of_the_clinic"

    def run(*statements: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = "postgres"
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        with psycopg.connect(**parameters, autocommit=True) as server:
            for statement in statements:
                server.execute(statement)

    def restore() -> None:
        run(f'CREATE DATABASE {name} TEMPLATE "{original}"')
        connection.settings_dict["NAME"] = name

    yield restore
    run(f"DROP DATABASE IF EXISTS {name}")
    connection.settings_dict["NAME"] = original


def send() -> int:
    with patch.object(dispatch.logger, "error"):
        return dispatch.send_due(clock=timezone.now)


def resume(*arguments: str) -> str:
    said = io.StringIO()
    call_command("resume_dispatch", *arguments, stdout=said)
    return said.getvalue()


def waiting() -> tuple[Message, Message]:
    now = timezone.now()
    due = ready(due_at=now - HOUR, expires_at=now + DAY)
    return due, ready(due_at=now + HOUR, expires_at=now + DAY)


def test_a_restored_database_sends_nothing_until_resumed(smtp: SmtpServer, copy: Any) -> None:
    due, later = waiting()
    assert guard.check() == ""
    copy()

    assert guard.check() == "not the database that may send: other database_oid"
    assert send() == 0
    assert seen(due)[0] == "PENDING"
    said = resume("--after-restore")

    assert said.splitlines()[0] == "1 messages are now in doubt."
    assert seen(due) == ("IN_DOUBT", guard.AFTER_RESTORE)
    assert seen(later)[0] == "PENDING"
    assert send() == 0
    assert smtp.accepted == []
    Message.objects.filter(pk=later.pk).update(due_at=timezone.now())
    assert send() == 1
    assert seen(later)[0] == "SENT"


def test_a_moved_database_goes_on_where_it_was(smtp: SmtpServer, copy: Any) -> None:
    due, _ = waiting()
    copy()
    assert send() == 0

    resume()

    assert send() == 1
    assert seen(due)[0] == "SENT"


def test_a_copy_under_another_name_does_not_write_to_patients(
    smtp: SmtpServer, settings: Any
) -> None:
    due, _ = waiting()
    settings.PUBLIC_URL = "https://staging.clinic.example"

    assert guard.check() == "not the database that may send: other site"
    assert send() == 0
    assert seen(due)[0] == "PENDING"


def test_another_port_on_this_machine_is_the_same_place(settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    guard.adopt(at=timezone.now())

    settings.PUBLIC_URL = "http://127.0.0.1:9000"

    assert guard.check() == ""


@pytest.mark.parametrize("changed", ["timeline", "system_identifier"])
def test_another_cluster_or_timeline_is_noticed(changed: str) -> None:
    DispatchGuard.objects.update(**{changed: "12"})

    assert guard.check() == f"not the database that may send: other {changed}"


def test_a_database_with_messages_is_not_adopted_by_itself(smtp: SmtpServer) -> None:
    DispatchGuard.objects.all().delete()
    due, _ = waiting()

    call_command("migrate", verbosity=0)

    assert guard.check() == "it was never told that it may send"
    assert send() == 0
    assert "sends from now on" in resume()
    assert send() == 1
    assert seen(due)[0] == "SENT"
    assert resume() == "This database was the one that sends, and is.\n"


def test_an_empty_database_is_adopted_by_migrate() -> None:
    DispatchGuard.objects.all().delete()

    call_command("migrate", verbosity=0)

    assert guard.check() == ""
