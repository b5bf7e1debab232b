"""A clinic's list reads that clinic's rows, however many rows other clinics have."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from knox.models import AuthToken

from clinic.models import Clinic, Role, User
from patients.models import Patient
from sessions.models import SideEffect, TreatmentSession
from tests.conftest import Booking, client_of
from tests.factories import (
    NINE,
    CheckInFactory,
    ClinicFactory,
    ContactConsentFactory,
    MessageFactory,
    OutcomeMeasureFactory,
    PhotoFactory,
    ScreeningFactory,
    SessionFactory,
    SideEffectFactory,
    SkinTypeAssessmentFactory,
    TreatmentConsentFactory,
    UserFactory,
)
from tests.support.pictures import agree

pytestmark = pytest.mark.django_db
MEMBERSHIP = "clinic_user_clinic"
OTHERS, OURS = 10_000, 400  # rows in a table
PAGE = 110  # rows that a page shows at most, and some


def api_lists(found: Any = None, prefix: str = "") -> Iterator[str]:
    """Every address below /api/v1/ that lists something without an id in it."""
    for entry in (found or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from api_lists(entry, route)
        elif route.startswith("api/v1/") and "<" not in route:
            methods = getattr(entry.callback, "actions", None) or {}
            if methods.get("get") == "list":
                yield f"/{route}"


def admin_lists() -> Iterator[str]:
    for model in admin.site._registry:
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def with_token(user: User) -> Callable[[str], Any]:
    _, token = AuthToken.objects.create(user)
    return lambda url: Client().get(url, headers={"Authorization": f"Token {token}"})


def in_the_admin(user: User) -> Callable[[str], Any]:
    client = Client()
    client.force_login(user)
    return client.get


def test_no_list_asks_for_the_callers_clinics_in_the_statement_that_reads_it(
    clinic: Clinic, manager: User
) -> None:
    """The ids stand in it as values: they came with the caller, in one statement. A manager may
    see nearly all lists."""
    user = manager
    lists = [(with_token(user), url) for url in api_lists()]
    browser = in_the_admin(user)
    lists += [(browser, url) for url in admin_lists()]
    asking, opened = [], 0

    for get, url in lists:
        with CaptureQueriesContext(connection) as queries:
            opened += get(url).status_code == 200
        sql = [query["sql"] for query in queries if MEMBERSHIP in query["sql"]]
        asked = [text for text in sql if user.pk.hex in text.replace("-", "")]
        # the admin reads the caller's clinics once; a token's statement names no user
        if len(asked) != url.startswith("/admin/"):
            asking.append(url)

    assert len(lists) > 60
    assert opened > 50
    assert not asking


@pytest.mark.parametrize("at_two", [False, True])
def test_who_works_at_two_clinics_sees_both_and_no_third(
    clinic: Clinic, other_clinic: Clinic, at_two: bool
) -> None:
    user = UserFactory(role=Role.RECEPTIONIST, clinic=clinic)
    patients = {name: _patient(at) for name, at in (("here", clinic), ("there", other_clinic))}
    patients["elsewhere"] = _patient(ClinicFactory())
    if at_two:
        user.clinics.add(other_clinic)
    get = with_token(user)

    listed = {row["id"] for row in get("/api/v1/patients/").json()["results"]}
    seen = {name for name, row in patients.items() if str(row.pk) in listed}
    opens = {
        name
        for name, row in patients.items()
        if get(f"/api/v1/patients/{row.pk}/").status_code == 200
    }

    assert seen == opens == ({"here", "there"} if at_two else {"here"})


def _patient(clinic: Clinic) -> Patient:
    patient: Patient = SessionFactory(plan__patient__clinic=clinic).patient
    return patient


def test_a_clinic_that_is_taken_away_is_gone_with_the_next_request(
    clinic: Clinic, other_clinic: Clinic
) -> None:
    user = UserFactory(role=Role.RECEPTIONIST, clinic=clinic)
    user.clinics.add(other_clinic)
    patient = _patient(other_clinic)
    by_token, by_page = with_token(user), in_the_admin(user)
    url, page = f"/api/v1/patients/{patient.pk}/", f"/admin/patients/patient/{patient.pk}/change/"
    assert (by_token(url).status_code, by_page(page).status_code) == (200, 200)

    User.objects.get(pk=user.pk).clinics.remove(other_clinic)

    assert (by_token(url).status_code, by_page(page).status_code) == (404, 302)


def test_somebody_who_works_nowhere_sees_nothing(clinic: Clinic) -> None:
    user = UserFactory(role=Role.RECEPTIONIST, clinic=clinic)
    _patient(clinic)
    user.clinics.clear()

    assert with_token(user)("/api/v1/patients/").json()["results"] == []
    assert client_of(user).get("/api/v1/sessions/").json()["results"] == []


@pytest.fixture
def many(clinic: Clinic, other_clinic: Clinic, booking: Booking) -> dict[str, Clinic]:
    """Rows of a small clinic and of a large one. The small one's are the
    oldest: whoever walks along all rows from the newest comes to them last."""
    for at, count in ((clinic, OURS), (other_clinic, OTHERS)):
        session = SessionFactory(plan__patient__clinic=at, status="CANCELLED")
        effect = SideEffectFactory(session=session, onset_at=NINE)
        word = ContactConsentFactory(patient=session.patient)
        for row in (session, session.patient, MessageFactory(session=session), effect, word):
            _multiply(row, count)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE patient; ANALYZE treatment_session; ANALYZE aftercare_message;"
            "ANALYZE treatment_side_effect; ANALYZE patient_contact_consent"
        )
    return {"small": clinic, "large": other_clinic}


def _multiply(row: Any, count: int) -> None:
    """Copies of a row, by SQL and without its triggers: a service would take minutes."""
    meta = row._meta
    # what differs from row to row
    moves = {
        TreatmentSession: {
            name: f"{name} - n * interval '1 hour'"
            for name in ("occupied_from", "starts_at", "ends_at", "released_at", "recovers_at")
        },
        Patient: {"family_name": "'Family ' || md5(n::text)"},
    }.get(type(row), {})
    moves |= {"occurrence": "n + 1", "due_at": "due_at - n * interval '1 hour'"}
    columns = [
        field.column
        for field in meta.concrete_fields
        if field.name not in ("id", "rescheduled_from") and not field.generated
    ]
    values = [moves.get(name, f'row."{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    table = meta.db_table
    copies = f"FROM {table} AS row, generate_series(1, %s) AS n WHERE row.id = %s"
    insert = f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} {copies}"
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(insert, [count, row.pk])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


LISTS = {
    "/api/v1/sessions/": "treatment_session",
    "/api/v1/patients/": "patient",
    "/api/v1/messages/": "aftercare_message",
    "/api/v1/side-effects/": "treatment_side_effect",
    "/admin/treatment_sessions/treatmentsession/": "treatment_session",
    "/admin/patients/patient/": "patient",
    "/admin/aftercare/message/": "aftercare_message",
    "/admin/patients/contactconsent/": "patient_contact_consent",
}


def test_a_page_reads_what_it_shows_and_never_more_than_the_clinic_has(
    many: dict[str, Clinic],
) -> None:
    read_too_much = {}
    for size, most in (("small", OURS + PAGE), ("large", 2 * PAGE)):
        user = UserFactory(role=Role.PRACTITIONER, clinic=many[size])
        for url, table in LISTS.items():
            get = in_the_admin(user) if url.startswith("/admin/") else with_token(user)
            with CaptureQueriesContext(connection) as queries:
                assert get(url).status_code == 200, url
            asked = [query["sql"] for query in queries if f'FROM "{table}"' in query["sql"]]
            pages = [sql for sql in asked if "COUNT(*)" not in sql]
            assert pages, url
            if (read := sum(_rows_read(sql, table) for sql in pages)) > most:
                read_too_much[size, url] = read

    assert not read_too_much


def _rows_read(sql: str, table: str) -> float:
    """How many rows of the table PostgreSQL touches for a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    return _read(json.loads(plan) if isinstance(plan, str) else plan, table)


def _read(node: Any, table: str) -> float:
    if isinstance(node, list):
        return sum(_read(part, table) for part in node)
    if not isinstance(node, dict):
        return 0
    here = 0
    if node.get("Relation Name") == table:
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        here = rows * node["Actual Loops"]
    return here + sum(_read(part, table) for part in node.values())


def test_what_belongs_to_a_row_of_a_clinic_names_the_clinic_whoever_writes(
    clinic: Clinic, other_clinic: Clinic
) -> None:
    """What a careless writer says of it does not count."""
    session = SessionFactory(plan__patient__clinic=clinic)
    rows: list[Any] = [
        SideEffectFactory(session=session, onset_at=NINE, clinic=other_clinic),
        CheckInFactory(session=session),
        OutcomeMeasureFactory(plan=session.plan),
        PhotoFactory(patient=session.patient),
        ScreeningFactory(patient=session.patient),
        SkinTypeAssessmentFactory(patient=session.patient),
        ContactConsentFactory(patient=session.patient),
        TreatmentConsentFactory(patient=session.patient),
        agree(session.patient, session.practitioner),
    ]
    SideEffect.objects.update(clinic=other_clinic)

    of = {type(row).__name__: type(row)._default_manager.get(pk=row.pk).clinic_id for row in rows}

    assert set(of.values()) == {clinic.pk}
    assert len(of) == 9
