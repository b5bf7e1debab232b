"""Every touch of a patient's data leaves one row that names the patients, or no data leaves.

Requests are derived from the API's description, as in tests/walks/test_hostile_values.py; what a
row has to name is told by the answer's text.
"""

from contextlib import nullcontext
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.texts.links import token_for
from clinic.audit.months import keep_months
from clinic.audit.record import SYSTEM, Access, record
from clinic.audit.subjects import is_of_patients
from clinic.db.sight import permission_to_view
from clinic.models import Action, Clinic, Door, Role
from patients.models import Patient
from sessions.models import SideEffect
from tests.admin.pages import client_of as pages_of
from tests.factories import (
    AddressConsentFactory,
    ClinicFactory,
    MessageFactory,
    PatientFactory,
    UserFactory,
)
from tests.support.accesses import Watch, named_in
from tests.support.hostile import Operation, World, operations_of
from tests.support.kept import kept
from tests.walks.test_hostile_values import as_json

pytestmark = pytest.mark.django_db
HOW = "say whose data it is: `about` or `touch` of its view (clinic/http/audited.py)"


@kept
def world(clinic: Clinic) -> World:
    return World(clinic)


def client_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


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


def test_who_reads_what_was_said_about_an_address_reads_of_those_who_have_it(
    clinic: Clinic,
) -> None:
    """Its row knows them by the address alone; whoever has it at another clinic is not named."""
    user: Any = UserFactory(role=Role.RECEPTIONIST, clinic=clinic)
    number, mailbox = "+4915777700001", "Grace@Patients.Example"
    theirs = {
        PatientFactory(clinic=clinic, mobile=number).pk,
        PatientFactory(clinic=clinic, mobile=number, email=mailbox).pk,
    }
    elsewhere: Any = PatientFactory(clinic=ClinicFactory(), mobile=number, email=mailbox)
    PatientFactory(clinic=clinic)
    said = AddressConsentFactory(
        address=number, message=MessageFactory(session__plan__patient=elsewhere)
    )
    AddressConsentFactory(channel="EMAIL", address=mailbox.lower())
    AddressConsentFactory(address="+4915777700009")  # whose nobody is: it is not shown
    watch, page = Watch(), "admin:aftercare_addressconsent_"

    client_of(user).get("/api/v1/address-consents/")
    pages_of(user).get(reverse(f"{page}changelist"))
    pages_of(user).get(reverse(f"{page}change", args=[said.pk]))

    seen = [(row.count, set(row.patient_ids)) for row in watch.rows()]
    assert seen == [(2, theirs), (2, theirs), (1, theirs)]


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
        cursor.execute("SELECT clinic_access_partitions(12)")  # it may have been made last month
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
        cursor.execute("REVOKE INSERT ON clinic_access_record FROM CURRENT_USER")
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


def alone(execute: Any, sql: str, *args: Any) -> Any:
    """The row's statement is its own transaction, as it is outside of a test."""
    is_row = sql.startswith("INSERT INTO clinic_access") or "insert_access" in sql
    with transaction.atomic() if is_row else nullcontext():
        return execute(sql, *args)


def test_without_the_row_no_page_of_a_patient_is_shown(rows: list[Any], clinic: Clinic) -> None:
    """Of staff, each list and each page of what is a patient's; and the patient's own."""
    doctor: Any = UserFactory(clinic=clinic)
    message: Any = MessageFactory(session__plan__patient__clinic=clinic)
    staff, patients = pages_of(doctor), list(Patient.objects.all())
    pages = {
        reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=args): staff
        for row in rows
        if is_of_patients(type(row)) and doctor.has_perm(permission_to_view(type(row)))
        for page, args in (("changelist", []), ("change", [row.pk]))
    }
    pages |= {f"/p/{token_for(message)}/{part}": Client() for part in ("", "visit/", "settings/")}
    with connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON clinic_access_record FROM CURRENT_USER")

    faults = []
    for page, client in pages.items():
        with connection.execute_wrapper(alone):
            answer = client.get(page)
        if answer.status_code != 503 or named_in(answer, patients):
            faults.append((page, answer.status_code, HOW))

    assert len(pages) > 50
    assert not faults, faults
