"""Deadlocks and other passing faults do not reach the caller."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from clinic.api.base import ClinicViewSet
from clinic.db.retries import PATIENCE_SECONDS, RETRIES, Busy, retried
from clinic.errors import Conflict
from clinic.http.middleware.common import Refusals
from clinic.models import Room, User
from patients.models import Patient, PatientMerge
from sessions import services
from tests.concurrency.conftest import race
from tests.conftest import Booking, client_of
from tests.factories import DAY, HOUR, NINE, PatientFactory, RoomFactory
from tests.support.forms import opened


def crossing(rooms: list[Room]) -> tuple[list[Callable[[], str]], "Counter[str]"]:
    """Two writes that lock two rooms in opposite order, each waiting until the other has one.

    PostgreSQL must end one of them. Counts how often each was begun.
    """
    begun: Counter[str] = Counter()
    both_hold_one = threading.Barrier(2)

    def write(name: str, order: list[Room]) -> str:
        begun[name] += 1
        with transaction.atomic():
            Room.objects.select_for_update().get(pk=order[0].pk)
            if begun[name] == 1:
                both_hold_one.wait(timeout=10)
            Room.objects.select_for_update().get(pk=order[1].pk)
        return "done"

    return [lambda: write("there", rooms), lambda: write("back", rooms[::-1])], begun


def test_a_deadlock_is_run_again_and_nobody_sees_it() -> None:
    writes, begun = crossing([RoomFactory(), RoomFactory()])

    outcomes = race(*[retried(write) for write in writes])

    assert outcomes == {"done": 2}
    assert begun.total() == 3  # one was run twice: there was a deadlock


def test_control_without_retries_one_of_them_fails() -> None:
    writes, begun = crossing([RoomFactory(), RoomFactory()])

    outcomes = race(*writes)

    assert outcomes == {"done": 1, "OperationalError": 1}
    assert begun.total() == 2


def raising(sql: str) -> tuple[Callable[[], None], list[int]]:
    tries: list[int] = []

    def write() -> None:
        tries.append(1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    return write, tries


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
def test_a_fault_that_does_not_pass_is_busy_after_three_more_tries(sqlstate: str) -> None:
    write, tries = raising(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    with pytest.raises(Busy), patch("clinic.db.retries.PAUSE_SECONDS", 0):
        retried(write)()

    assert len(tries) == 1 + RETRIES


@pytest.mark.parametrize("sqlstate", ["57014", "53300"])
def test_other_faults_are_not_repeated(sqlstate: str) -> None:
    write, tries = raising(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    with pytest.raises(OperationalError):
        retried(write)()

    assert len(tries) == 1


def test_inside_of_another_transaction_nothing_is_repeated() -> None:
    write, tries = raising("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(OperationalError), transaction.atomic():
        retried(write)()

    assert len(tries) == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
def test_the_desk_books_while_deadlocks_strike(
    booking: Booking, dana: User, headers: dict[str, str]
) -> None:
    """The whole request is run again: what was done before the fault is not there any more."""
    strikes = iter(["40P01", "40001", "55P03"])

    def strike(*args: Any, **kwargs: Any) -> None:
        if sqlstate := next(strikes, None):
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    with patch(
        "sessions.services.booking.book.consume_holds", strike
    ):  # after the session is inserted
        answer = client_of(dana).post("/api/v1/sessions/", booking.body(), headers=headers)

    assert answer.status_code == 201
    assert next(strikes, None) is None


@pytest.mark.parametrize("module", ["booking.holds", "ending.closures", "booking.series.book"])
def test_holds_closures_and_series_are_run_again_too(booking: Booking, module: str) -> None:
    times = {"starts_at": NINE, "ends_at": NINE + HOUR, "at": NINE - DAY}
    span: dict[str, Any] = {**times, "by": booking.practitioner}
    slot: Any = {
        "starts_at": NINE,
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
    }
    whose: dict[str, Any] = {
        "plan_id": booking.plan.pk,
        "at": NINE - DAY,
        "by": booking.practitioner,
    }
    writes: dict[str, Callable[[], Any]] = {
        "booking.holds": lambda: services.place_hold(**slot, **whose),
        "ending.closures": lambda: services.add_closure(clinic=booking.plan.clinic, **span),
        "booking.series.book": lambda: services.book_series(slots=[slot], **whose),
    }
    strikes = iter(["40P01", "55P03"])

    def strike(*names: str, **shared: Any) -> None:
        if sqlstate := next(strikes, None):
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    name = "lock" if module == "ending.closures" else "lock_for_bookings"
    with patch(f"sessions.services.{module}.{name}", strike):
        assert writes[module]()

    assert next(strikes, None) is None


@pytest.mark.parametrize(
    ("sqlstate", "code"), [("57014", "busy"), ("55P03", "busy"), ("53300", "unavailable")]
)
def test_only_a_database_that_is_away_is_called_unavailable(
    booking: Booking, dana: User, sqlstate: str, code: str
) -> None:
    """Outside of a service too: while the lists are read."""
    fault, _ = raising(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")

    with patch.object(ClinicViewSet, "get_queryset", lambda _: fault()):
        answer = client_of(dana).get("/api/v1/rooms/")

    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer["Retry-After"] == "2"


def test_who_is_too_late_for_every_try_hears_when_to_come_back(
    booking: Booking, dana: User
) -> None:
    def held(*names: str, **shared: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '55P03'; END $$")

    with patch("sessions.services.booking.book.statement", held):
        answer = client_of(dana).post("/api/v1/sessions/", booking.body())

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer["Retry-After"] == "2"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_lock_is_waited_for_only_so_long(booking: Booking) -> None:
    from clinic.db.locks import lock

    held, done = threading.Event(), threading.Event()

    def hold() -> str:
        with transaction.atomic():
            lock("room:1")
            held.set()
            done.wait(timeout=20)
        return "held"

    def wait() -> str:
        held.wait(timeout=10)
        try:
            with transaction.atomic():
                lock("room:1")
        except OperationalError as error:
            return str(getattr(error.__cause__, "sqlstate", ""))
        finally:
            done.set()
        return "got it"

    assert race(hold, wait) == {"held": 1, "55P03": 1}


@contextmanager
def held(patient: Patient, *, seconds: float) -> Iterator[None]:
    """Somebody else holds the row of a patient; whoever is here waits 0.2 s at a time for it."""
    is_held, ends = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Patient.objects.select_for_update().get(pk=patient.pk)
            is_held.set()
            ends.wait(timeout=seconds)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(timeout=10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        yield
    finally:
        ends.set()
        holder.join()
        connection.close()


CHOICES = {"email": "kept", "mobile": "kept", "family_name": "kept"}


def merge(kept: Patient, desk: User) -> Any:
    duplicate = PatientFactory(clinic=kept.clinic)
    return client_of(desk).post(
        f"/api/v1/patients/{kept.pk}/merge/",
        {"duplicate": str(duplicate.pk), "reason": "twice", "choices": CHOICES},
    )


def test_who_holds_a_patient_for_a_moment_disturbs_no_merge(alice: User) -> None:
    kept = PatientFactory(clinic=alice.clinics.get())

    with held(kept, seconds=0.3):
        answer = merge(kept, alice)

    assert answer.status_code == 201


def test_a_patient_who_is_held_for_long_makes_a_merge_busy(alice: User) -> None:
    kept = PatientFactory(clinic=alice.clinics.get())

    with held(kept, seconds=20):
        answer = merge(kept, alice)

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer["Retry-After"] == "2"
    assert not PatientMerge.objects.exists()


@pytest.mark.parametrize("seconds", [0.3, 20])
def test_the_admin_tries_again_and_then_says_that_it_is_busy(alice: User, seconds: float) -> None:
    patient = PatientFactory(clinic=alice.clinics.get())
    browser = Client()
    browser.force_login(alice)
    url = f"/admin/patients/patient/{patient.pk}/change/"
    form = opened(browser, url)

    with held(patient, seconds=seconds):
        answer = browser.post(url, {**form, "given_name": "Hedy", "_continue": "1"})

    patient.refresh_from_db()
    if seconds < 1:
        assert (answer.status_code, patient.given_name) == (302, "Hedy")
    else:
        assert "Others are writing the same things" in answer.content.decode()
        assert 'value="Hedy"' in answer.content.decode()
        assert patient.given_name != "Hedy"


def test_a_view_of_the_admin_that_is_no_service_is_run_again_too() -> None:
    """Such as deleting, which Django puts into a transaction of its own."""
    write, tries = raising("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
    middleware = Refusals(lambda _: HttpResponse())
    request = RequestFactory().post("/admin/clinic/room/1/delete/")

    with patch("clinic.db.retries.PAUSE_SECONDS", 0):
        answer: Any = middleware.process_view(request, lambda _: write(), (), {})  # type: ignore[arg-type, return-value]

    assert len(tries) == 1 + RETRIES
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert b"Nothing was saved" in answer.content


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refusal_that_no_page_expects_is_a_page_with_a_way_back(method: str) -> None:
    """Of any page, today's and the next one's: never a 500."""
    middleware = Refusals(lambda _: HttpResponse())
    request = RequestFactory().generic(method, "/admin/week/")
    error = Conflict("Room 2 was closed meanwhile.")

    def view(*_: Any) -> HttpResponse:
        raise error

    answer = middleware.process_view(request, view, (), {})
    if method == "GET":  # runs after the middleware
        assert answer is None
        answer = middleware.process_exception(request, error)

    assert answer is not None
    assert answer.status_code == 409
    assert "Room 2 was closed meanwhile. Nothing was saved." in answer.content.decode()


def test_who_waits_for_long_is_not_made_to_wait_again() -> None:
    write, tries = raising("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '55P03'; END $$")

    with (
        pytest.raises(Busy),
        patch("clinic.db.retries.monotonic", count(0, PATIENCE_SECONDS + 1).__next__),
    ):
        retried(write)()

    assert len(tries) == 1
