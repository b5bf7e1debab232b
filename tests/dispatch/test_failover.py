"""A standby that takes over sends by itself if it knows of every call, and else asks a person.

Here the two functions that tell of replication are stood in for; a real cluster fails over both
ways in tests/cluster.
"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import redis
from django.conf import settings
from django.db import connection

from aftercare.dispatch import confirmed, guard
from aftercare.dispatch import run as dispatch
from aftercare.models import DispatchGuard
from tests.dispatch.test_dispatch import ready, seen
from tests.factories import NINE
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db
FORK = 0x16_0000_0A00
OTHER = "not the database that may send: other timeline"


def tell(*, lsn: int, history: str = "") -> None:
    """What deploy/patroni/failover.sql would tell."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION clinic_confirmed_lsn() RETURNS pg_lsn LANGUAGE sql"
            f" RETURN '0/0'::pg_lsn + {lsn}"
        )
        cursor.execute(
            "CREATE OR REPLACE FUNCTION clinic_timeline_history() RETURNS text LANGUAGE sql"
            f" RETURN '{history}'::text"
        )


@pytest.fixture
def valkey() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(*client.keys("clinic:confirmed:*") or ["none"])
        yield client
        client.delete(*client.keys("clinic:confirmed:*") or ["none"])


def fail_over(*, fork: str = "16/A00", parent: int = 7) -> None:
    """This database becomes one whose timeline has left the 7th, which was adopted."""
    DispatchGuard.objects.update(timeline=7)
    history = f"3\t2/B0000A0\tno recovery target\n\n{parent}\t{fork}\tno recovery target\n"
    tell(lsn=FORK + 99, history=history)


def send() -> int:
    with patch.object(dispatch.logger, "error"), patch.object(guard.logger, "warning"):
        return dispatch.send_due(clock=lambda: NINE)


@pytest.mark.parametrize(("safe", "goes_on"), [(FORK - 1, 1), (FORK, 1), (FORK + 1, 0)])
def test_a_fork_behind_the_last_call_goes_on_and_one_before_it_asks(
    valkey: Any, smtp: SmtpServer, safe: int, goes_on: int
) -> None:
    tell(lsn=safe)
    ready()
    assert send() == 1
    fail_over()
    later = ready(occurrence=2)

    assert send() == goes_on

    assert seen(later)[0] == ("SENT" if goes_on else "PENDING")
    assert guard.check() == ("" if goes_on else OTHER)


@pytest.mark.parametrize("lacking", ["memory", "parent", "history", "functions", "site"])
def test_what_is_not_known_asks(valkey: Any, smtp: SmtpServer, lacking: str) -> None:
    tell(lsn=5)
    ready()
    assert send() == 1
    fail_over(parent=6 if lacking == "parent" else 7)
    match lacking:
        case "memory":
            valkey.flushdb()
        case "history":
            tell(lsn=FORK)
        case "functions":
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION clinic_timeline_history()")
        case "site":
            DispatchGuard.objects.update(site="elsewhere.example")
    later = ready(occurrence=2)

    assert send() == 0
    assert seen(later)[0] == "PENDING"


def test_what_is_safe_is_written_down_before_each_call(valkey: Any, smtp: SmtpServer) -> None:
    tell(lsn=FORK)
    ready()
    told, kept = confirmed.of_this_database(), []
    assert told
    call = dispatch._send

    def called(*args: Any, **named: Any) -> Any:
        kept.append(told.last())
        return call(*args, **named)

    begin = patch.object(dispatch.Run, "begin", lambda run: setattr(run, "_confirmed", told))
    with begin, patch.object(dispatch, "_send", called):
        assert send() == 1

    assert kept == [FORK]
    tell(lsn=FORK - 1)
    told.keep()
    assert told.last() == FORK  # a slower worker does not put it back


def test_what_nobody_can_write_down_is_not_sent_and_uses_up_no_try(smtp: SmtpServer) -> None:
    tell(lsn=FORK)
    message = ready()
    away = redis.Redis(port=9, socket_connect_timeout=1)

    with patch.object(confirmed, "_valkey", lambda: away):
        assert send() == 0
        with patch.object(confirmed.Confirmed, "begin"):
            send()

    message.refresh_from_db()
    assert smtp.accepted == []
    assert (message.status, message.attempts, message.due_at) == ("PENDING", 0, NINE)
