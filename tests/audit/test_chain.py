"""The chain over the record of accesses finds what was changed, and never an honest row.

In a cluster of its own: which transactions have ended is a question of a whole cluster, and the
other tests leave theirs open for minutes. Rows and seals that are committed stay, from one test to
the next: each test goes on with the chain that is there, and what is changed behind its back is
rolled back.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import environ
import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoDbBlocker

from clinic.audit import chain
from clinic.audit.record import COLUMNS, SYSTEM, Access, record
from clinic.embedded import Postgres
from clinic.models import Action, Door
from clinic.tasks import seal_accesses
from tests.concurrency.conftest import race
from tests.support.doubles import HttpGateway

WRITERS, SEALS = 6, 40


@pytest.fixture(scope="module", autouse=True)
def cluster(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Postgres]:
    """A cluster with the two tables, as their migrations make them."""
    folder = tmp_path_factory.mktemp("chain")
    postgres = Postgres(folder / "postgres", durable=False).start()
    usual, ours = dict(connection.settings_dict), environ.Env.db_url_config(postgres.url)
    try:
        with django_db_blocker.unblock():
            connection.close()
            connection.settings_dict.update({**ours, "OPTIONS": ours["OPTIONS"]})
            with connection.cursor() as cursor:
                for name, tables in (("0016_accesses", "TABLE"), ("0018_sealed_accesses", "SEALS")):
                    module = import_module(f"clinic.migrations.{name}")
                    cursor.execute(getattr(module, tables))
            yield postgres
            connection.close()
    finally:
        connection.settings_dict.update(usual)
        postgres.stop()


def look(number: int = 1) -> None:
    for _ in range(number):
        record(Access(SYSTEM, Door.COMMAND, "a test", Action.READ))


@contextmanager
def behind_its_back() -> Iterator[Any]:
    """What the owner of the tables can do who takes the triggers away; it is undone at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("clinic_access_record", "clinic_access_seal"):
            cursor.execute(f"GRANT ALL ON {table} TO CURRENT_USER")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        transaction.set_rollback(True)


@contextmanager
def as_superuser(cluster: Postgres) -> Iterator[None]:
    usual = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict.update(USER="postgres", PASSWORD=cluster._super_password)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(usual)


@pytest.fixture
def sealed() -> chain.Seal:
    """The newest seal, which covers five rows at the least."""
    look(5)
    return chain.seal()[-1]


def test_a_chain_that_nobody_touched_holds(sealed: chain.Seal) -> None:
    assert sealed.count >= 5
    assert list(chain.verify(heads=[sealed.head])) == []
    look()
    assert list(chain.verify(heads=[sealed.head])) == []  # what is not sealed yet is no fault


def test_nothing_is_sealed_twice(sealed: chain.Seal) -> None:
    assert chain.seal() == []
    look(3)
    assert [(one.number, one.count) for one in chain.seal()] == [(sealed.number + 1, 3)]


LAST_ROW = "id = (SELECT id FROM clinic_access_record ORDER BY id DESC LIMIT 1)"


DELETE_LAST = "DELETE FROM clinic_access_record WHERE {row}"
COPIED = (
    "xid, actor_kind, role, clinic_ids, session, request_id, door, place, purpose, action, outcome,"
    " code, object_model, patient_ids, count, fields"
)
CHANGES = {
    "an edit": ("UPDATE clinic_access_record SET role = 'X' WHERE {row}", "some of them were"),
    "another time": (
        "UPDATE clinic_access_record SET created_at = now() - interval '1 y' WHERE {row}",
        "some of them were",
    ),
    "a deletion": (DELETE_LAST, "there are 1 fewer"),
    "a row of before": (
        f"INSERT INTO clinic_access_record (id, {COPIED})"  # noqa: S608
        f" SELECT clinic_access_bound(now() - interval '1 min'), {COPIED}"
        " FROM clinic_access_record WHERE {row}",
        "there are 1 more",
    ),
    "a seal": ("UPDATE clinic_access_seal SET count = 4 WHERE number = {last}", "was changed"),
    "a seal gone": (
        "DELETE FROM clinic_access_seal WHERE number = {last} - 1",
        "1 seals are missing",
    ),
    "the end cut off": (
        f"DELETE FROM clinic_access_seal WHERE number = {{last}}; {DELETE_LAST}",  # noqa: S608
        "the end was cut of",
    ),
}


@pytest.mark.parametrize("change", [change for change, _ in CHANGES.values()], ids=CHANGES)
def test_the_application_changes_nothing_of_it(sealed: chain.Seal, change: str) -> None:
    """By its role it may not, whatever it sends; that in production: tests/ops/test_roles.py."""
    for statement in change.format(last=sealed.number, row=LAST_ROW).split(";"):
        with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
            cursor.execute(statement)
        assert getattr(refused.value.__cause__, "sqlstate", "") == "42501", statement
    assert list(chain.verify(heads=[sealed.head])) == []


@pytest.mark.parametrize(("change", "found"), CHANGES.values(), ids=CHANGES)
def test_what_a_superuser_changes_is_found(
    sealed: chain.Seal, cluster: Postgres, tmp_path: Path, change: str, found: str
) -> None:
    """For whom no trigger fires and no right is missing."""
    look(5)
    last, heads = chain.seal()[-1], tmp_path / "heads"  # so that there is one before it
    heads.write_text(f"{sealed.head}\n{last.head}\n")
    with as_superuser(cluster), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(change.format(last=last.number, row=LAST_ROW))
        with pytest.raises(CommandError, match=found):
            call_command("audit", "verify", heads=str(heads), stdout=StringIO())
        transaction.set_rollback(True)
    call_command("audit", "verify", heads=str(heads), stdout=StringIO())


def test_a_seal_of_another_history_is_found(sealed: chain.Seal) -> None:
    """Made by the right key, but not after the seal that stands before it."""
    look()
    last = chain.seal()[-1]
    alone = last.closed_by(chain._key(), None)
    with behind_its_back() as cursor:
        cursor.execute(
            "UPDATE clinic_access_seal SET digest = %s WHERE number = %s", [alone, last.number]
        )
        assert [line.partition(" of ")[0] for line in chain.verify()] == [f"Seal {last.number}"]


def test_a_cut_end_is_seen_by_the_head_alone(sealed: chain.Seal) -> None:
    """The control arm: within the database nothing tells that there was more."""
    with behind_its_back() as cursor:
        cursor.execute("DELETE FROM clinic_access_seal WHERE number = %s", [sealed.number])
        cursor.execute(f"DELETE FROM clinic_access_record WHERE {LAST_ROW}")  # noqa: S608
        assert list(chain.verify()) == []
        assert len(list(chain.verify(heads=[sealed.head]))) == 1


@pytest.mark.parametrize(
    "column", ["id", "created_at", "xid"], ids=["its id", "its time", "its transaction"]
)
def test_the_application_cannot_say_when_an_access_was(column: str) -> None:
    value = {"id": "uuidv7()", "created_at": "now()", "xid": "'7'::xid8"}[column]
    month = f"clinic_access_{time.strftime('%Y_%m', time.gmtime())}"
    for table in ("clinic_access_record", month):
        with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({column}) VALUES ({value})")  # noqa: S608
        assert getattr(refused.value.__cause__, "sqlstate", "") == "42501"


def test_another_key_is_told_from_a_change(sealed: chain.Seal, settings: Any) -> None:
    settings.AUDIT_KEY = "another"
    told = list(chain.verify())
    assert len(told) == sealed.number
    assert all("another key" in line for line in told)


def test_after_a_restore_the_chain_goes_on(
    sealed: chain.Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another cluster counts its transactions from the beginning: rows of before that were never
    sealed, with numbers that are far ahead, are covered by a bridge."""
    before = UUID(int=next(chain.seals()).before_id.int + 1)  # just not sealed by the first one
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON clinic_access_record TO CURRENT_USER")
        cursor.execute(
            "INSERT INTO clinic_access_record (id, created_at, xid, actor_kind, role, clinic_ids,"
            " session, request_id, door, place, purpose, action, outcome, code, object_model,"
            " patient_ids, count, fields) VALUES (%s, now() - interval '3 min', '99999999999',"
            " 'SYSTEM', '', '{}', '', '', 'COMMAND', 'restored', 'OPERATIONS', 'READ', 'DONE', '',"
            " '', '{}', 0, '{}')",
            [before],
        )
        cursor.execute("REVOKE INSERT ON clinic_access_record FROM CURRENT_USER")
        written = ", ".join([*COLUMNS, "patient_ids"])
        cursor.execute(f"GRANT INSERT ({written}) ON clinic_access_record TO CURRENT_USER")
    monkeypatch.setattr(chain, "_cluster", lambda cursor: f"another {sealed.number}")
    look(2)

    bridge, following = chain.seal()

    assert (bridge.is_bridge, bridge.count, bridge.first_id) == (True, 1, before)
    assert following.count >= 2
    look()
    assert [one.is_bridge for one in chain.seal()] == [False]
    assert list(chain.verify()) == []


def bound(ago: str) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clinic_access_bound(now() - %s::interval)", [ago])
        return UUID(str(cursor.fetchone()[0]))


def test_six_writers_raise_no_false_alarm_but_would_by_ids() -> None:
    """Control arm: sealed up to the newest id, rows appear later in what is sealed."""
    ended = threading.Event()
    by_ids: list[tuple[chain.Stretch, tuple[Any, ...]]] = []
    chain.seal()

    def write() -> None:
        dice = random.Random()  # noqa: S311
        while not ended.is_set():
            with transaction.atomic():
                look(3)
                time.sleep(dice.random() / 100)
                look()
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in writers:
        thread.start()
    made = 0
    try:
        for _ in range(SEALS):
            made += sum(one.count for one in chain.seal())
            upto = chain.Stretch("id >= %s AND id <= %s", [bound("5 s"), newest()], "id")
            by_ids.append((upto, chain.digest_of(upto)))
    finally:
        ended.set()
        for thread in writers:
            thread.join(30)
    chain.seal()

    assert made > SEALS
    assert list(chain.verify()) == []
    assert any(chain.digest_of(upto) != digest for upto, digest in by_ids)


def newest() -> UUID:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM clinic_access_record ORDER BY id DESC LIMIT 1")
        return UUID(str(cursor.fetchone()[0]))


def test_two_that_seal_at_once_make_one_chain() -> None:
    chain.seal()
    look(4)
    outcomes = race(*[lambda: sum(one.count for one in chain.seal())] * 4)
    assert outcomes == {"4": 1, "0": 3}
    assert list(chain.verify()) == []


def test_the_head_leaves_the_machine(
    sealed: chain.Seal,
    settings: Any,
    mailoutbox: list[EmailMessage],
    gateway: HttpGateway,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "heads"
    settings.AUDIT_HEAD_FILE = str(file)
    settings.AUDIT_HEAD_EMAIL = "owner@clinic.example"
    settings.AUDIT_HEAD_URL = f"{gateway.url}/heads"
    look()
    seal_accesses()
    settings.AUDIT_HEAD_URL = "http://127.0.0.1:9/nobody-listens"
    seal_accesses()  # nothing new: the head says that it is still that one

    head = chain.head()
    assert head
    assert head.number == sealed.number + 1
    lines = file.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [head.head] * 2
    assert "not sent: ConnectionError" in caplog.text
    assert "nobody-listens" not in caplog.text  # an address may open by itself
    assert [head.head in mail.body for mail in mailoutbox] == [True, True]
    assert [head.head in request["body"] for request in gateway.requests] == [True]
    out = StringIO()
    call_command("audit", "verify", heads=str(file), stdout=out)
    assert f"{head.number} seals, nothing was changed." in out.getvalue()
    file.write_text(f"{head.number + 1}:abc\n")
    with pytest.raises(CommandError, match="was cut off"):
        call_command("audit", "verify", heads=str(file))
