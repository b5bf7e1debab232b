"""Reports are read from a standby, and never show less than the leader would."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections, router, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.db import replica
from clinic.db.replica import REPLICA, Router, reads_aside
from clinic.models import CartridgeLot, Clinic, User
from sessions.figures.rows.reports import Period, stock, visits_by_month
from sessions.figures.side_effects import Grouping
from tests.admin.pages import client_of as page_of
from tests.conftest import client_of
from tests.factories import NINE, CartridgeLotFactory, SessionFactory
from tests.support.standby import Standby

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Standby]:
    found = Standby(tmp_path_factory.mktemp("standby"))
    yield found
    found.stop()


@pytest.fixture
def standby(
    transactional_db: None, server: Standby, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Standby]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolreplication FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            pytest.skip("the role of DATABASE_URL has no REPLICATION")
        cursor.execute("SET synchronous_commit = on")  # as in production
    if server._process is None:
        server.start()
    known = {**settings.DATABASES["default"], **server.place, "CONN_MAX_AGE": 0}
    monkeypatch.setitem(settings.DATABASES, REPLICA, known)
    monkeypatch.setattr(router, "routers", [Router()])
    monkeypatch.setattr(replica, "standby", replica._Standby())
    monkeypatch.setattr(replica, "PATIENCE_SECONDS", 5.0)  # a busy machine
    connections[REPLICA].connect()  # Django lets no test open one that it does not know
    yield server
    connections[REPLICA].close()
    del connections[REPLICA]
    with connection.cursor() as cursor:
        cursor.execute("RESET synchronous_commit")


def period_of(clinic: Clinic) -> Period:
    return Period(clinic, [date(NINE.year, NINE.month, 1)], date(NINE.year, NINE.month + 1, 1))


def booked(clinic: Clinic) -> int:
    return sum(month.booked for month in visits_by_month(period_of(clinic)))


def asked_aside(read: Callable[[], Any]) -> int:
    """How many statements of a read went to the standby, besides the question how far it is."""
    with CaptureQueriesContext(connections[REPLICA]) as asked:
        read()
    return len([one for one in asked.captured_queries if "pg_last_wal" not in one["sql"]])


def test_a_report_comes_from_the_standby_with_what_was_just_booked(
    standby: Standby, clinic: Clinic
) -> None:
    for number in range(1, 4):
        SessionFactory(plan__patient__clinic=clinic)

        assert booked(clinic) == number
        assert asked_aside(lambda: booked(clinic)) == 1


def test_the_pages_and_the_api_read_aside(standby: Standby, clinic: Clinic, manager: User) -> None:
    page, api = page_of(manager), client_of(manager)
    scope = {"clinic": str(clinic.pk), "from": "2026-01-01", "to": "2026-02-01"}

    for ask in (
        lambda: page.get(reverse("reports")),
        lambda: api.get(
            "/api/v1/figures/side-effects/", {**scope, "by": Grouping.DEPTH_BAND.value}
        ),
        lambda: api.get("/api/v1/figures/signals/", scope),
    ):
        with CaptureQueriesContext(connections[REPLICA]) as asked:
            answer = ask()
        assert answer.status_code == 200, answer.content
        assert len(asked) > 1  # how far it is, and more


def test_while_it_is_behind_the_leader_reads_and_does_not_ask_it_each_time(
    standby: Standby, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(replica, "PATIENCE_SECONDS", 0.1)
    standby.fall_behind()
    try:
        SessionFactory(plan__patient__clinic=clinic)
        with CaptureQueriesContext(connections[REPLICA]) as asked:
            assert booked(clinic) == 1
            questions = len(asked)
            assert booked(clinic) == 1
        assert questions == len(asked) > 0
    finally:
        standby.catch_up()
    assert [line for line in caplog.messages if "standby" in line] == [
        "the standby is behind, or is no standby: the leader reads for it"
    ]


def test_control_without_the_question_a_report_lacks_what_was_just_booked(
    standby: Standby, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert booked(clinic) == 0  # the clinic is there
    monkeypatch.setattr(replica.standby, "has_come_as_far", lambda: True)
    standby.fall_behind()
    try:
        SessionFactory(plan__patient__clinic=clinic)
        assert booked(clinic) == 0
    finally:
        standby.catch_up()


def test_in_a_transaction_the_leader_reads_what_it_has_written(
    standby: Standby, clinic: Clinic
) -> None:
    with transaction.atomic():
        SessionFactory(plan__patient__clinic=clinic)

        assert booked(clinic) == 1


def test_what_came_from_the_standby_is_stored_on_the_leader(
    standby: Standby, clinic: Clinic
) -> None:
    CartridgeLotFactory(clinic=clinic, quantity=5)
    (lot,) = stock(period_of(clinic))
    assert lot._state.db == REPLICA

    lot.quantity += 1
    lot.save()

    assert CartridgeLot.objects.get().quantity == lot.quantity


def test_a_read_that_the_standby_ends_is_read_again_by_the_leader(
    standby: Standby, caplog: Any
) -> None:
    read_by: list[bool] = []

    @reads_aside
    def read() -> bool:
        with replica.reading().cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            (aside,) = cursor.fetchone()
            read_by.append(aside)
            if aside:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return bool(aside)

    assert read() is False
    assert read_by == [True, False]
    assert "the standby has ended what it read: the leader reads for it" in caplog.messages


def test_one_that_is_away_keeps_no_report_away(
    standby: Standby, clinic: Clinic, caplog: Any
) -> None:
    SessionFactory(plan__patient__clinic=clinic)
    standby.stop()
    standby._process = None

    assert booked(clinic) == 1
    assert "the standby does not answer: the leader reads for it" in caplog.messages


def test_the_address_of_a_standby_is_all_that_is_set() -> None:
    code = (
        "from clinic.settings import DATABASES as at, DATABASE_ROUTERS as by;"
        "one = at['replica']; print(one['HOST'], one['PORT'], one['NAME'], one['PASSWORD'],"
        " one['OPTIONS']['target_session_attrs'], 'lock_timeout' in one['OPTIONS']['options'], by)"
    )
    address = "postgres://clinic@db1,db2/clinic?target_session_attrs=prefer-standby"
    environ = {**os.environ, "DATABASE_REPLICA_URL": address, "DATABASE_PASSWORD": "it's"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == (
        "db1,db2  clinic it's prefer-standby True ['clinic.db.replica.Router']"
    )
