"""One id finds a request in its answer, in the log and among the accesses."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from gunicorn.config import Config
from rest_framework.test import APIClient

from clinic.http.logs import Formatter, Logger
from patients.models import Patient
from tests.factories import PatientFactory
from tests.support.accesses import Watch

pytestmark = pytest.mark.django_db
LINE = "%(levelname)s %(name)s%(of)s: %(message)s"


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Formatter(LINE))
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


def test_an_access_its_answer_and_the_log_have_one_id(
    as_dana: APIClient, clinic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient: Patient = PatientFactory(clinic=clinic)
    watch, lines = Watch(), Lines()
    logging.root.addHandler(lines)
    try:
        given = as_dana.get(f"/api/v1/patients/{patient.pk}/", headers={"X-Request-ID": "proxy-7"})
        made = as_dana.get(f"/api/v1/patients/{patient.pk}/")
        lost = as_dana.get("/api/v1/nothing/")
    finally:
        logging.root.removeHandler(lines)

    assert given["X-Request-ID"] == "proxy-7"
    assert [row.request_id for row in watch.rows()] == ["proxy-7", made["X-Request-ID"]]
    assert len({given["X-Request-ID"], made["X-Request-ID"], lost["X-Request-ID"]}) == 3
    assert [line for line in lines.found if f" {lost['X-Request-ID']}: Not Found" in line]


@pytest.mark.parametrize("given", ["a b", "x" * 65, "7\nERROR all is lost", "é", ""])
def test_what_is_no_id_is_replaced(client: Client, given: str) -> None:
    told = client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"]

    assert len(told) == 32
    assert told.isalnum()


def test_gunicorn_writes_the_id_of_the_answer() -> None:
    headers = [("X-Request-ID", "proxy-7")]
    answer = SimpleNamespace(status="200 OK", sent=1, headers=headers, response_length=1)
    asked = SimpleNamespace(headers=[])
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/", "SERVER_PROTOCOL": "HTTP/1.1"}

    atoms = Logger(Config()).atoms(
        answer, asked, environ, SimpleNamespace(seconds=0, microseconds=1)
    )

    assert atoms["id"] == "proxy-7"
