"""What stands in the logs: never who somebody is, and no address that opens without a password."""

import logging
import sys
from io import StringIO
from itertools import product
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from gunicorn.config import Config
from redis.exceptions import ConnectionError as NoBroker

from clinic.http.logs import Formatter, Logger, OncePerSecond, exception_words, mask
from clinic.models import User
from patients.models import Patient
from tests.conftest import client_of
from tests.factories import PatientFactory
from tests.support.logs import Canary, canary

SECRET = "eyJ0b2tlbiI6:1x-not-for-logs"


def routes(resolver: Any, before: str = "") -> Any:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern


def test_every_address_with_a_secret_in_it_is_masked() -> None:
    """Whatever is neither an id nor a page of the admin is taken for a secret."""
    secret = [
        f"/{route.replace(f'<str:{name}>', SECRET)}"
        for route, pattern in routes(get_resolver())
        if not route.startswith(("admin/", "inbox/", "static/"))
        for name, converter in pattern.pattern.converters.items()
        if type(converter).__name__ == "StringConverter"
    ]

    assert len(secret) >= 7
    assert not [path for path in secret if SECRET in mask(f'"GET {path}?x=1 HTTP/1.1" 200')]


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("GET /api/v1/patients/?q=Ada+Lovelace HTTP/1.1", "GET /api/v1/patients/?… HTTP/1.1"),
        ("Not Found: /p/abc.def/write/", "Not Found: /p/…/write/"),
        ("https://x.example/p/abc?lang=es, then", "https://x.example/p/…?… then"),
        ("GET /%70/abc.def/ HTTP/1.1", "GET /… HTTP/1.1"),
        ("GET /calendar%2Fabc.ics HTTP/1.1", "GET /… HTTP/1.1"),
        ("GET /p%2fabc?lang=es HTTP/1.1", "GET /… HTTP/1.1"),
        ("GET /api/v1/patients/Ada%20L/ HTTP/1.1", "GET /api/v1/patients/… HTTP/1.1"),
        ("Is it true? Nobody knows", "Is it true? Nobody knows"),
    ],
)
def test_a_line_keeps_the_place_and_not_the_question(line: str, logged: str) -> None:
    assert mask(line) == logged


def formatted(error: BaseException, message: str = "failed: %s") -> str:
    try:
        raise error
    except BaseException:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, __file__, 1, message, (error,), sys.exc_info()
        )
    return Formatter("%(message)s").format(record)


def test_an_exception_is_told_by_kind_and_place_and_not_by_its_words() -> None:
    error = ValueError("Ada Lovelace is no number")
    error.__cause__ = KeyError("ada@patients.example")

    line = formatted(error)

    assert all(told in line for told in ("ValueError", "KeyError", "test_logs.py"))
    assert "ada" not in line.lower()


@pytest.mark.django_db
def test_what_the_database_refuses_is_told_without_the_row() -> None:
    patient = PatientFactory(given_name="Ada")
    with pytest.raises(IntegrityError) as refused:
        Patient.objects.filter(pk=patient.pk).update(sex="ADA")

    line = formatted(refused.value)

    assert all(told in line for told in ("SQLSTATE 23514", "patient_sex_known"))
    assert not [told for told in ("Ada", "Failing row") if told in line]


@pytest.mark.django_db
def test_a_value_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(DataError) as refused, connections["default"].cursor() as cursor:
        cursor.execute("SELECT %s::text::int", ["Ada Lovelace"])

    line = formatted(refused.value)

    assert "SQLSTATE 22P02" in line
    assert "Lovelace" not in line


def test_what_an_operator_must_know_is_told() -> None:
    refused = OperationalError("connection refused")
    assert "No route to host" in exception_words(OSError(113, "No route to host"))
    assert "localhost:6379" in exception_words(NoBroker("Error 111 connecting to localhost:6379"))
    assert exception_words(refused) == "OperationalError"


@pytest.mark.django_db
def test_the_canary_sings() -> None:
    """Else a quiet suite would prove nothing."""
    patient, alone, handler = PatientFactory(), logging.Logger("alone"), Canary()  # noqa: LOG001
    alone.addHandler(handler)

    for words in (patient.email, patient.mobile, patient.family_name, f"GET /p/{SECRET}"):
        alone.warning("about %s", words)

    assert len(handler.told) == 3  # an address is masked before it gets there


@pytest.mark.django_db
def test_a_failed_log_in_does_not_repeat_what_was_typed(caplog: Any) -> None:
    """People type their password into the box of the name."""
    typed = {"username": "hunter2-in-the-wrong-box", "password": "x"}

    with caplog.at_level(logging.INFO):
        for _ in range(6):
            Client().post("/api/v1/auth/login/", typed, content_type="application/json")

    assert "Too Many Requests: /api/v1/auth/login/" in caplog.text
    assert typed["username"] not in caplog.text


@pytest.mark.django_db
def test_a_search_a_guess_and_a_fault_tell_nothing(dana: User, monkeypatch: Any) -> None:
    """Through Django's own loggers."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise LookupError("Hopper 1 of grace1@patients.example")

    api, browser = client_of(dana), Client(raise_request_exception=False)
    api.raise_request_exception = False
    with canary() as told:
        api.get("/api/v1/patients/?q=Hopper 12&nope=1")
        browser.get(f"/p/{SECRET}/write/")
        browser.get(f"/calendar/{SECRET}.ics")
        browser.get(f"/p/{SECRET}/", headers={"host": f"{SECRET} x"})
        monkeypatch.setattr("patients.api.PatientViewSet.list", fail)
        assert api.get("/api/v1/patients/?q=Hopper 12").status_code == 500

    assert not told


def test_gunicorn_writes_both_its_logs_through_the_formatter() -> None:
    written = Config()
    written.set("accesslog", "-")
    logs = [logging.getLogger(f"gunicorn.{name}") for name in ("error", "access")]
    others = [list(log.handlers) for log in logs]  # of whoever listens to the whole suite
    for log in logs:
        log.handlers.clear()

    Logger(written)

    try:
        for log in logs:
            [handler] = log.handlers
            assert isinstance(handler.formatter, Formatter)
    finally:
        for log, known in zip(logs, others, strict=True):
            log.handlers[:] = known


def test_the_same_trouble_is_told_once_a_second_with_how_often_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("clinic.http.logs.monotonic", lambda: now[0])
    handler, alone = OncePerSecond(), logging.Logger("alone")  # noqa: LOG001
    handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    handler.setStream(written := StringIO())
    alone.addHandler(handler)

    for port in range(40):
        alone.warning("no answer at port %s", port)
        now[0] += 0.02
    alone.warning("something else")
    alone.error("no answer at port 1")  # worse
    for _ in range(3):
        alone.info("not trouble")
    now[0] = 1.0
    alone.warning("no answer at port 7")
    now[0] = 2.0
    alone.warning("no answer at port 8")

    assert written.getvalue().splitlines() == [
        "WARNING no answer at port 0",
        "WARNING something else",
        "ERROR no answer at port 1",
        *["INFO not trouble"] * 3,
        "WARNING no answer at port 7 (and 39 more like it)",
        "WARNING no answer at port 8",
    ]


def test_faults_of_other_places_are_others_and_the_kinds_are_bounded() -> None:
    handler, alone = OncePerSecond(), logging.Logger("alone")  # noqa: LOG001
    handler.setFormatter(Formatter("%(message)s"))
    handler.setStream(written := StringIO())
    alone.addHandler(handler)
    for kind in (KeyError, ValueError, KeyError):
        try:
            raise kind("Ada Lovelace")
        except Exception:
            alone.exception("failed")

    for word in map("".join, product("abcdefghij", repeat=4)):
        alone.warning(word)

    assert written.getvalue().count("failed") == 2
    assert "Lovelace" not in written.getvalue()
    assert len(handler._seen) <= OncePerSecond.MOST_KINDS
