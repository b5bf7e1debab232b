"""The clinic behind a real PgBouncer in transaction mode, which gives each transaction any of the
two connections that it has."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as given
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.dispatch import run as dispatch
from aftercare.models import Message
from clinic.db.prepared import Prepared
from clinic.embedded import Postgres
from clinic.embedded.process import die_with_parent, free_port, stop_process
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.dispatch.test_dispatch import ready
from tests.factories import DAY, HOUR
from tests.support.doubles import SmtpServer

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
SUM = Prepared("pooled_sum", "SELECT %(a)s + %(b)s, %(a)s = 2", types={"b": "int", "a": "int"})

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PGBOUNCER, reason="no PgBouncer: apt-get install pgbouncer"),
]


@dataclass
class Pool:
    port: int
    database: dict[str, Any]

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} dbname=pooled user=anybody"

    def other(self) -> "psycopg.Connection[Any]":
        """Another client, on whom `SELECT` keeps one of the two connections until it commits."""
        return psycopg.connect(self.conninfo, cursor_factory=psycopg.ClientCursor)


@pytest.fixture
def pool(settings: Any) -> Iterator[Pool]:
    """PgBouncer before the test's database; Django is its client."""
    assert PGBOUNCER
    account = Postgres._unprivileged_account()  # as which it runs: it refuses root
    parameters = connection.get_connection_params()
    server = {name: parameters.get(name) for name in ("host", "port", "user", "password", "dbname")}
    port, folder = free_port(), Path(f"/tmp/clinic-pgbouncer-{os.getpid()}")
    folder.mkdir(mode=0o700)
    file = folder / "pgbouncer.ini"
    words = " ".join(f"{name}={value}" for name, value in server.items() if value)
    file.write_text(
        f"[databases]\npooled = {words}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        f"default_pool_size = 2\nlogfile = {folder}/log\n"
    )
    if account:
        for path in (folder, file):
            os.chown(path, account.pw_uid, account.pw_gid)
    process = subprocess.Popen(
        [PGBOUNCER, "--quiet", str(file)],
        preexec_fn=die_with_parent(signal.SIGKILL),
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )
    connection.close()
    before = dict(connection.settings_dict)
    found = Pool(port, server)
    try:
        until(found)
        settings.DATABASE_POOLED = True
        connection.settings_dict |= {
            **{"HOST": "127.0.0.1", "PORT": str(port), "NAME": "pooled", "PASSWORD": ""},
            **{"OPTIONS": {}, "DISABLE_SERVER_SIDE_CURSORS": True},
        }
        yield found
    finally:
        connection.close()
        connection.settings_dict |= before
        stop_process(process, signal.SIGINT, 5)
        shutil.rmtree(folder)


def until(pool: Pool) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            return pool.other().close()
        except psycopg.OperationalError:
            assert time.monotonic() < ends, "PgBouncer does not answer"


def total(**values: int) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        SUM.execute(cursor, values)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


@pytest.mark.parametrize("is_pooled", [True, False])
def test_a_statement_finds_its_way_to_whatever_connection_comes(
    pool: Pool, settings: Any, is_pooled: bool
) -> None:
    """The control prepares it, as without PgBouncer, and another connection does not know it."""
    settings.DATABASE_POOLED = is_pooled
    assert total(a=2, b=40) == (42, True)
    with closing(pool.other()) as other:
        other.execute("SELECT 1")  # in a transaction: the connection of before is taken
        if is_pooled:
            assert total(a=3, b=4) == (7, False)
        else:
            with pytest.raises(ProgrammingError, match="does not exist"):
                total(a=3, b=4)


def test_a_booking_and_its_message_go_through(
    pool: Pool, booking: Booking, as_dana: APIClient, smtp: SmtpServer
) -> None:
    """While others take one connection and then the other; two messages, so that one is chained to
    the one before."""
    now = timezone.now()
    soon = {"due_at": now - HOUR, "expires_at": now + DAY}
    first = ready(**soon)
    ready(session=first.session, occurrence=2, **soon)
    starts = (now + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
    with closing(pool.other()) as other:
        other.execute("SELECT 1")
        answer = as_dana.post("/api/v1/sessions/", booking.body(starts))
        other.commit()

    assert answer.status_code == 201, answer.content
    assert TreatmentSession.objects.filter(plan=booking.plan).exists()
    assert dispatch.send_due(clock=timezone.now) >= 2
    assert Message.objects.filter(session=first.session, status="SENT").count() == 2


def test_the_settings_send_nothing_that_pgbouncer_refuses(pool: Pool) -> None:
    """With the clinic's own settings, in a process of its own; the control is not told."""
    url = f"postgres://anybody@127.0.0.1:{pool.port}/pooled"
    said = {}
    for is_pooled in ("true", "false"):
        run = subprocess.run(
            [sys.executable, "manage.py", "resume_dispatch"],
            cwd=given.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url, "DATABASE_POOLED": is_pooled},
            capture_output=True,
            text=True,
        )
        said[is_pooled] = run.stdout + run.stderr
    assert "This database" in said["true"], said["true"]
    assert "unsupported startup parameter: options" in said["false"]


def test_migrations_go_past_it(settings: Any) -> None:
    settings.DATABASE_POOLED = True
    with pytest.raises(CommandError, match="past PgBouncer"):
        call_command("migrate", verbosity=0)
