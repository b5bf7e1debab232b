"""Every touch of a patient's data leaves one row that names the patients, or no data leaves.

Requests are derived from the API's description, as in tests/walks/test_hostile_values.py; what a
row has to name is told by the answer's text.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.audit.months import keep_months
from clinic.audit.record import SYSTEM, Access, record
from clinic.models import Action, Clinic, Door, Role
from patients.models import Patient
from sessions.models import SideEffect
from tests.factories import ClinicFactory, UserFactory
from tests.support.accesses import Watch, fault_of, named_in
from tests.support.hostile import Operation, World, operations_of
from tests.support.kept import kept
from tests.walks.test_hostile_values import as_json

pytestmark = pytest.mark.django_db
ASKED = (Role.PRACTITIONER, Role.RECEPTIONIST, Role.AUDITOR)  # who sees much, less, nothing
HOW = "say whose data it is: `about` or `touch` of its view (clinic/http/audited.py)"


@kept
def world(clinic: Clinic) -> World:
    return World(clinic)


def reads(world: World) -> Iterator[Operation]:
    return (one for one in operations_of(world) if one.method == "GET")


def client_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_every_read_of_every_role_leaves_one_row_with_its_patients(world: World) -> None:
    patients, faults, tried, told = list(Patient.objects.all()), [], 0, 0
    watch, before = Watch(), changes()
    for operation in reads(world):
        for user in (world.users[role] for role in ASKED):
            answer = client_of(user).get(f"{operation.url}{operation.asked()}")
            tried += 1
            told += bool(named_in(answer, patients))
            if fault := fault_of(answer, watch.rows(), patients, user):
                faults.append(f"{user.role} {operation.name}: {fault}: {HOW}")

    assert (tried > 300, told > 30) == (True, True), (tried, told)
    assert not faults, "\n".join(faults)
    assert changes() == before  # or nobody would stand in the history of what a read has changed


def changes() -> dict[str, int]:
    """How many rows each history has."""
    histories = [model for model in apps.get_models() if hasattr(model, "pgh_obj")]
    return {model.__name__: model._default_manager.count() for model in histories}


def one_of_each_view(world: World) -> list[Operation]:
    """Of each view of the API something that reads and something that writes."""
    found: dict[Any, Operation] = {}
    for operation in operations_of(world):
        view: Any = resolve(operation.url).func
        found.setdefault((view, operation.method == "GET"), operation)
    return list(found.values())


def test_what_is_refused_names_the_patient_that_was_asked_for(world: World) -> None:
    """Of those addresses that are about a patient's row, whichever way a role is refused."""
    stranger: Any = UserFactory(clinic=ClinicFactory())
    watch, rows = Watch(), world.rows
    for user, status in ((world.users[Role.AUDITOR], 403), (stranger, 404)):
        for part in ("patients", "sessions", "plans", "messages", "side-effects"):
            asked: Any = rows[part]
            client_of(user).get(f"/api/v1/{part}/{asked.pk}/")
            (row,) = watch.rows()

            assert (row.status, row.outcome) == (status, "REFUSED"), part
            assert row.patient_ids == [patient_of(asked)], part
            assert (row.object_id, row.count, row.fields) == (asked.pk, 0, []), part


def test_log_ins_and_log_outs_are_written_down(clinic: Clinic) -> None:
    user: Any = UserFactory(clinic=clinic, username="ada", is_staff=True)
    user.set_password("a long enough password")
    user.save()
    watch, seen = Watch(), []
    for password in ("wrong", "a long enough password"):
        typed = {"username": "ada", "password": password}
        answer = APIClient().post("/api/v1/auth/login/", typed)
        browser = Client()
        browser.post("/admin/login/", typed)
        seen += watch.rows()
    APIClient(headers={"Authorization": f"Token {answer.json()['token']}"}).post(
        "/api/v1/auth/logout/"
    )
    browser.post("/admin/logout/")
    seen += watch.rows()

    nobody, ada = (None, "REFUSED"), (user.pk, "DONE")
    told = [(row.action, row.actor_id, row.outcome) for row in seen]
    assert told == [
        *(("LOG_IN", *nobody), ("LOG_IN", *nobody), ("LOG_IN", *ada), ("LOG_IN", *ada)),
        *(("LOG_OUT", *ada), ("LOG_OUT", *ada)),
    ]
    assert not any("wrong" in str(vars(row)) for row in seen)


CHANGES = [
    "UPDATE {table} SET role = 'AUDITOR'",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
]


@pytest.mark.parametrize("table", ["clinic_access_record", "clinic_access_{month}"])
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_what_is_written_down(change: str, table: str) -> None:
    """Neither the table nor the month in it; not even whoever gives the right back to himself."""
    name = table.format(month=f"{timezone.now():%Y_%m}")
    record(Access(SYSTEM, Door.COMMAND, "a test", Action.READ))
    for given in ("", f"GRANT ALL ON {name} TO CURRENT_USER; "):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            connection.cursor().execute(f"{given}{change.format(table=name)}")
        assert getattr(refused.value.__cause__, "sqlstate", "") == "42501"  # insufficient privilege


def test_months_are_made_ahead_and_taken_away_when_they_are_old() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE clinic_access_2019_05 PARTITION OF clinic_access_record FOR VALUES"
            " FROM (clinic_access_bound('2019-05-01Z')) TO (clinic_access_bound('2019-06-01Z'))"
        )
        cursor.execute("SELECT clinic_access_partitions(14)")
        assert cursor.fetchone() == (2,)
    record(Access(SYSTEM, Door.COMMAND, "a test", Action.READ))

    assert keep_months(years=0) == (0, 1)  # six at the least
    assert keep_months(years=0) == (0, 0)
    with connection.cursor() as cursor:  # rows come by the table, which sets their times
        cursor.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'clinic_access_record'::regclass"
            " AND has_any_column_privilege(inhrelid, 'INSERT')"
        )
        assert cursor.fetchone() == (0,)


def patient_of(row: Any) -> Any:
    if isinstance(row, Patient):
        return row.pk
    return row.session.patient_id if isinstance(row, SideEffect) else row.patient_id


def test_without_the_row_no_data_leaves_and_nothing_is_written(world: World) -> None:
    patients, faults, tried = list(Patient.objects.all()), [], 0
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON clinic_access_record"
            " FOR EACH ROW EXECUTE FUNCTION clinic_access_kept()"
        )
    for operation in one_of_each_view(world):
        with transaction.atomic():
            content = operation.body if operation.is_form else as_json(operation.body or {})
            answer = operation.send(content, query=operation.asked())
            transaction.set_rollback(True)
        if answer.status_code == 503:
            tried += 1
            assert answer.json()["code"] == "access_not_recorded"
        elif named_in(answer, patients):
            faults.append(f"{operation.name}: {answer.status_code}: {HOW}")

    assert tried > 60
    assert not faults, "\n".join(faults)
