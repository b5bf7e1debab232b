"""Whatever goes wrong under /api/ is a problem document, also what never gets to a view."""

import logging
from http import HTTPStatus
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from clinic.api.auth import MeView
from clinic.http.middleware.common import problems_only
from clinic.models import User
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"
PATIENTS = "/api/v1/patients/"
TEXT = {"data": "a=b", "content_type": "text/plain"}
NOT_UTF8 = {"data": b"\xff\xfe", "content_type": "application/json"}
ODD_CHARSET = {"CONTENT_TYPE": "text/html; charset=zlib", "QUERY_STRING": "a=%ff"}


def problem(answer: Any) -> dict[str, Any]:
    """The body of a refusal, once it has the shape that all have."""
    body: dict[str, Any] = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "errors"} <= set(body)
    assert body["status"] == answer.status_code
    assert "{" not in body["title"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "extra", "status", "code"),
    [
        ("get", "/api/", {}, 404, "not_found"),
        ("get", "/api/v1/nope/", {}, 404, "not_found"),
        ("post", "/api/v1/nope/", {}, 404, "not_found"),
        ("get", "/api/v1/patients/%00/", {}, 404, "not_found"),
        ("get", "/api/v1/patients/%ff%fe/", {}, 404, "not_found"),
        ("get", "/api/v1/patients/7/", {}, 404, "not_found"),
        ("get", "/api/v1/patients/01890000-0000-7000-8000-000000000000/", {}, 404, "not_found"),
        ("put", ME, {}, 405, "method_not_allowed"),
        ("generic", "/api/docs/", {"REQUEST_METHOD": "POST"}, 405, "method_not_allowed"),
        ("post", "/api/schema/", {}, 405, "method_not_allowed"),
        ("get", ME, {"HTTP_ACCEPT": "text/csv"}, 406, "not_acceptable"),
        ("get", ME, {"HTTP_ACCEPT": ";;q=,/"}, 406, "not_acceptable"),
        ("get", ME, {"HTTP_HOST": "elsewhere.example"}, 400, "bad_request"),
        ("get", ME, {"HTTP_HOST": "a b\x00"}, 400, "bad_request"),
        ("get", f"{PATIENTS}?{'&'.join(f'a{n}=1' for n in range(1100))}", {}, 400, "bad_request"),
        ("post", PATIENTS, TEXT, 415, "unsupported_media_type"),
        ("post", PATIENTS, {"data": "a=b", "content_type": ";;;"}, 415, "unsupported_media_type"),
        ("post", PATIENTS, {"data": "{", "content_type": "application/json"}, 400, "parse_error"),
        ("post", PATIENTS, NOT_UTF8, 400, "parse_error"),
        ("get", PATIENTS, ODD_CHARSET, 400, "invalid"),
    ],
)
def test_what_a_client_gets_wrong(
    as_dana: APIClient, method: str, path: str, extra: dict[str, Any], status: int, code: str
) -> None:
    as_dana.raise_request_exception = False
    method = extra.pop("REQUEST_METHOD", method)

    body = problem(getattr(as_dana, method.lower())(path, **extra))

    assert (body["status"], body["code"]) == (status, code)
    assert body["title"] == HTTPStatus(status).phrase or code == "invalid"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_without_the_slash_nothing_is_redirected_or_listed(as_dana: APIClient, method: str) -> None:
    body = problem(getattr(as_dana, method)("/api/v1/patients", {}))

    assert (body["status"], body["code"]) == (404, "not_found")
    assert "ends in a slash" in body["detail"]


def test_elsewhere_the_slash_is_still_added(client: Client) -> None:
    assert client.get("/admin").status_code == 301


def test_to_https_a_post_stays_a_post(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    redirecting: Any = SecurityMiddleware(lambda request: HttpResponse())
    handle = problems_only(redirecting)

    answer = handle(RequestFactory().post(PATIENTS))

    assert (answer.status_code, answer["Location"]) == (308, f"https://testserver{PATIENTS}")


@pytest.mark.parametrize("fault", [ZeroDivisionError, UnicodeEncodeError, SuspiciousOperation])
def test_a_fault_of_ours_is_logged_and_tells_nothing(
    dana: User, fault: Any, monkeypatch: Any, caplog: Any
) -> None:
    secret = "what only we may know"
    arguments = ("utf-8", secret, 0, 1, secret) if fault is UnicodeEncodeError else (secret,)

    def fail(*_: Any) -> None:
        raise fault(*arguments)

    monkeypatch.setattr(MeView, "get", fail)
    client = client_of(dana)
    client.raise_request_exception = False

    with caplog.at_level(logging.ERROR):
        answer = client.get(ME)

    refused = fault is SuspiciousOperation
    assert problem(answer)["code"] == ("bad_request" if refused else "internal_error")
    assert secret not in answer.content.decode()
    assert any(record.exc_info for record in caplog.records)


def test_a_fault_outside_of_the_views_is_a_problem_too(
    dana: User, settings: Any, caplog: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.api.test_problems.broken_middleware"]
    client = APIClient(raise_request_exception=False)

    with caplog.at_level(logging.ERROR):
        assert problem(client.get(ME))["code"] == "internal_error"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]


def broken_middleware(get_response: Any) -> Any:
    def handle(request: Any) -> Any:
        raise LookupError("of the middleware")

    return handle


def test_debug_pages_stay_out_of_the_api(dana: User, settings: Any, monkeypatch: Any) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(MeView, "get", lambda *_: 1 / 0)
    client = client_of(dana)
    client.raise_request_exception = False

    assert problem(client.get(ME))["code"] == "internal_error"
    assert problem(client.get("/api/v1/nope/"))["code"] == "not_found"


def test_an_error_repeats_no_more_than_a_few_lines_of_what_was_sent(as_dana: APIClient) -> None:
    answer = as_dana.post(PATIENTS, {"sex": "x" * 100_000, "language": "ÿ" * 100_000})

    assert problem(answer)["code"] == "invalid"
    assert len(answer.content) < 10_000
