"""The database goes away in the middle of a call, and comes back."""

from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection

from aftercare.channels import Channels
from aftercare.dispatch import locked_read, recovery
from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from tests.dispatch.test_dispatch import ready, seen
from tests.factories import HOUR, NINE
from tests.support.doubles import SmtpServer


def cut_everybody_off() -> None:
    """What a crash of PostgreSQL does to its clients: all their connections are gone."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            # not autovacuum's, which belongs to the superuser
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )


def send(at: Any = NINE) -> int:
    with patch.object(dispatch.logger, "error"):
        return dispatch.send_due(clock=lambda: at)


@pytest.mark.parametrize("moment", [1, 3, 5])
def test_what_was_accepted_is_written_down_when_the_database_is_back(
    smtp: SmtpServer, moment: int
) -> None:
    messages = [ready() for _ in range(5)]

    def cut(_: str) -> None:
        if len(smtp.accepted) == moment:
            cut_everybody_off()

    smtp.on_accept = cut

    send()

    sent = Message.objects.filter(status=MessageStatus.SENT)
    assert sent.count() == moment
    assert not Message.objects.exclude(status__in=["SENT", "PENDING"]).exists()
    assert (recovery.memory.results, recovery.memory.uncalled) == ({}, {})
    send(NINE + HOUR)
    assert sent.count() == len(smtp.accepted) == len(messages)
    assert {message.tries.get().outcome for message in messages} == {"ACCEPTED"}
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_a_database_that_is_lost_at_every_message_still_gets_all_of_them_once(
    smtp: SmtpServer,
) -> None:
    for _ in range(4):
        ready()
    smtp.on_accept = lambda _: cut_everybody_off()

    for _ in range(8):
        send(NINE + HOUR)

    assert len(smtp.accepted) == 4
    assert Message.objects.filter(status=MessageStatus.SENT, attempts=1).count() == 4


def test_what_is_told_late_counts_even_if_it_was_put_in_doubt_meanwhile(smtp: SmtpServer) -> None:
    """The run ends before the database is back; others go on; then this process tells it."""
    messages = [ready(), ready()]
    smtp.on_accept = lambda _: cut_everybody_off()
    with (
        Channels() as channels,
        pytest.raises((OperationalError, InterfaceError)),
    ):
        dispatch.Run(clock=lambda: NINE, channels=channels, ends=float("inf")).send(10)
    connection.close()
    with Channels() as channels:
        dispatch.reap(at=NINE + dispatch.LEASE, channels=channels)
    assert sorted(seen(message)[0] for message in messages) == ["IN_DOUBT", "PENDING"]

    smtp.on_accept = lambda _: None
    send(NINE + HOUR)

    assert {seen(message)[0] for message in messages} == {"SENT"}
    assert len(smtp.accepted) == 2


def test_a_busy_address_puts_the_message_off_without_using_up_a_try(smtp: SmtpServer) -> None:
    message = ready()
    busy = OperationalError("canceling statement due to lock timeout")
    busy.__cause__ = psycopg.errors.LockNotAvailable()

    with (
        patch.object(locked_read, "together", side_effect=busy),
        patch.object(dispatch.logger, "warning"),
    ):
        send()

    assert seen(message)[0] == "PENDING"
    assert (message.attempts, message.due_at) == (0, NINE + recovery.PAUSE)
    assert message.tries.count() == 0
    send(message.due_at)
    assert seen(message)[0] == "SENT"
