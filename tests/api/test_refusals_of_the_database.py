"""A clash with what is recorded is one by a rule of ours. All else that PostgreSQL refuses is a
fault, and never told as a clash."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from clinic.db.constraints import OF_TRIGGERS, declared
from clinic.http.logs import exception_words
from clinic.http.problems import handle
from clinic.models import Room, User
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import DAY, NINE, RoomFactory

pytestmark = pytest.mark.django_db
# Made by Django without anybody's word: a number that is not negative, a row to refer to.
UNDECLARED = ("_check", "_uniq", "_pkey")


def add_column_without_default(table: str) -> None:
    """As a migration of a newer build may leave it for this one."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run(f"ALTER TABLE {table} ADD COLUMN newer integer NOT NULL DEFAULT 0")
    run(f"ALTER TABLE {table} ALTER COLUMN newer DROP DEFAULT")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_booking_into_a_table_that_wants_more_is_a_fault_and_logged(
    dana: User, booking: Booking, caplog: Any
) -> None:
    booking.book()  # teaches the connection its statements, for the tests that count them
    add_column_without_default("treatment_session")
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(dana)

    answer = client.post("/api/v1/sessions/", booking.body(NINE + 60 * DAY))

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR and r.exc_info]
    assert isinstance(record.exc_info[1], DatabaseError)
    line = exception_words(record.exc_info[1])
    assert all(name in line for name in ("SQLSTATE 23502", "newer", "treatment_session"))
    assert TreatmentSession.objects.count() == 1


def test_so_it_is_in_the_admin(manager: User, clinic: Any) -> None:
    manager.is_staff = True
    manager.save()
    browser = Client(raise_request_exception=False)
    browser.force_login(manager)
    typed = {"clinic": clinic.pk, "name": "Room 7", "kind": "TREATMENT", "turnaround_minutes": "0"}
    RoomFactory(clinic=clinic, name="Room 7")
    clash = browser.post("/admin/clinic/room/add/", typed)
    add_column_without_default("clinic_room")

    fault = browser.post("/admin/clinic/room/add/", {**typed, "name": "Room 8"})

    assert (clash.status_code, fault.status_code) == (200, 500)
    assert Room.objects.filter(clinic=clinic).count() == 1


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("UPDATE treatment_session SET room_id = NULL", 400, "session_treatment_complete"),
        ("UPDATE clinic_room SET clinic_id = '%(other)s'", 409, "_same_clinic"),
        ("UPDATE clinic_user SET username = 'alice'", 409, "clinic_user_username_key"),
        ("UPDATE patient SET version = -1", None, None),
        ("UPDATE patient SET language = NULL", None, None),
        ("UPDATE clinic_user_clinic SET clinic_id = '%(nowhere)s'", None, None),
        ("SELECT 1 / 0", None, None),
        ("SELECT 'Ada'::text::int", 400, "bad_value"),
    ],
)
def test_what_is_a_clash_and_what_is_a_fault(
    sql: str, status: int | None, code: str | None, booking: Booking, dana: User, other_clinic: Any
) -> None:
    booking.book()
    written = sql % {"other": other_clinic.pk, "nowhere": uuid4()}
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        run(f"SET CONSTRAINTS ALL IMMEDIATE; {written}")

    answer = handle(refused.value, {})

    assert (answer and answer.status_code) == status
    if answer and code:
        assert code in answer.content.decode()


def test_every_constraint_of_the_catalogue_is_declared_or_djangos_own() -> None:
    """So a rule that is added is known, whichever way it is declared."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'x')"
            " AND connamespace = 'public'::regnamespace"
            " AND conrelid::regclass::text !~ '^(auth_|django_|knox_|clinic_access_seal)'"
        )
        found = {name for (name,) in cursor}

    unknown = {name for name in found - declared() if not name.endswith(UNDECLARED)}

    assert len(found) > 300
    assert not unknown
    assert {"session_room_in_use", "cartridge_not_recalled", "message_move_is_legal"} <= OF_TRIGGERS
