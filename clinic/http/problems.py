"""Every error of the API as one shape: an RFC 9457 problem document.

`{type, title, status, code, detail, errors: [{pointer, code, detail}]}` and, where a rule has more
to say, its own members (such as `earliest_at` for `too_soon`). `errors` points at the input.

What a view raises comes to `handle`; what is refused before or beside a view (an unknown address,
a foreign host, a fault of ours) is put into this shape by `problems_only`, a middleware.
"""

import logging
from functools import cache
from http import HTTPStatus
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError, OperationalError
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.views import exception_handler, set_rollback

from clinic.db.constraints import constraint_of, is_declared
from clinic.db.retries import Busy, is_passing
from clinic.errors import DomainError
from clinic.http.renderers import JSONRenderer

logger = logging.getLogger(__name__)
WHOLE = ("non_field_errors", "__all__")  # what DRF and Django call the input as a whole
CONTENT_TYPE = "application/problem+json"
# An error may repeat what was sent: so much of it is enough to know it again.
LONGEST_DETAIL = 500
MOST_ERRORS = 100
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")
CHECK = "23514"  # the SQLSTATE of what no other row stands against
# Of values that a column cannot hold: too long, too large, not to be read, or a range that ends
# before it begins. psycopg refuses some by itself, without a SQLSTATE.
BAD_VALUES = {None, "22000", "22001", "22003", "22007", "22008", "22021", "22P02", "22P05"}
TOO_SLOW = "57014"  # the statement was ended by statement_timeout


def handle(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. What is not listed here is a fault of ours: Django logs it, and the
    middleware answers 500."""
    if isinstance(exc, DomainError):
        return _domain(exc)
    if isinstance(exc, ModelValidationError):
        exc = exceptions.ValidationError(
            _by_place(_coded(exc)) if hasattr(exc, "error_dict") else exc.messages
        )
    if isinstance(exc, IntegrityError):
        return _constraint(exc)
    if is_bad_value(exc):
        set_rollback()
        return problem(400, "bad_value", "Invalid input", "A value cannot be stored.")
    if is_passing(exc):
        return _domain(Busy())
    if getattr(exc.__cause__, "sqlstate", None) == TOO_SLOW:
        logger.error("a statement took too long: %s", exc)
        return _domain(Busy("This took too long and was given up. Try again in a moment."))
    if isinstance(exc, OperationalError):
        logger.error("database unavailable: %s", exc)
        set_rollback()
        answer = problem(503, "unavailable", "Try again", "The database is not available.")
        answer["Retry-After"] = "2"
        return answer
    if is_storage_away(exc):
        logger.error("the storage of files is unavailable: %s", exc)
        set_rollback()
        answer = problem(503, "unavailable", "Try again", "The storage of files is not available.")
        answer["Retry-After"] = "5"
        return answer
    return _framework(exc, context)


def is_storage_away(fault: BaseException | None) -> bool:
    """Whether S3 has failed, which few installations have: by its library's name, not its types."""
    return type(fault).__module__.startswith("botocore.")


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> HttpResponse:
    """A finished answer: whatever the caller asked for by `Accept`, a problem is JSON."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": _shown(detail),
        "errors": [
            {name: _shown(text) for name, text in error.items()}
            for error in (errors or [])[:MOST_ERRORS]
        ],
        **extra,
    }
    return HttpResponse(JSONRenderer().render(body), status=status, content_type=CONTENT_TYPE)


def of_answer(answer: Any, *, path: str) -> HttpResponse:
    """The problem document for an answer that Django has made, such as its page for a 404."""
    status = HTTPStatus(answer.status_code)
    code, detail = BESIDE_VIEWS.get(status, (status.name.lower(), f"{status.phrase}."))
    if status == HTTPStatus.NOT_FOUND and not path.endswith("/"):
        detail += " Every address of the API ends in a slash."
    new = problem(status, code, status.phrase, detail)
    for header in KEPT_HEADERS:
        if answer.has_header(header):
            new[header] = answer[header]
    return new


BESIDE_VIEWS = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request cannot be read."),
    HTTPStatus.FORBIDDEN: ("permission_denied", "This is not allowed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "internal_error",
        "The fault is ours, and it is recorded. Nothing was changed by this request.",
    ),
}


def _shown(text: str) -> str:
    """Short, and of whole characters: half a pair cannot be written as UTF-8."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"


def _domain(exc: DomainError) -> HttpResponse:
    set_rollback()
    errors = [
        {"pointer": f"/{each.field}", "code": each.code, "detail": each.message}
        for each in (exc, *exc.others)
        if each.field
    ]
    answer = problem(exc.status, exc.code, exc.title, exc.message, errors=errors, **exc.extra)
    if exc.retry_after:
        answer["Retry-After"] = str(exc.retry_after)
    return answer


def is_bad_value(exc: BaseException) -> bool:
    """Whether the database could not store what was sent; any other fault of data is ours."""
    return isinstance(exc, DataError) and getattr(exc.__cause__, "sqlstate", None) in BAD_VALUES


def _constraint(exc: IntegrityError) -> HttpResponse | None:
    """The last resort for a constraint that no service has put into words. Any other refusal of
    the database, such as a missing value, is a fault of ours."""
    if not is_declared(exc):
        return None
    set_rollback()
    name = constraint_of(exc)
    logger.warning("no service puts the constraint %s into words", name)
    words = str(constraint_words().get(name, ""))
    if getattr(exc.__cause__, "sqlstate", "") == CHECK:
        return problem(400, name, "Invalid input", words or "This value cannot be recorded.")
    return problem(409, name, "Conflict", words or "This clashes with what is recorded.")


@cache
def constraint_words() -> dict[str, Any]:
    """What each named constraint says of itself, where it has words of its own."""
    return {
        constraint.name: constraint.violation_error_message
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if constraint.violation_error_message != constraint.default_violation_error_message
    }


def _framework(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        errors = _flatten(exc.detail)
        detail = "; ".join(f"{e['pointer'].strip('/') or 'body'}: {e['detail']}" for e in errors)
        return problem(answer.status_code, "invalid", "Invalid input", detail, errors=errors)
    if not isinstance(exc, exceptions.APIException):  # Django's own Http404 and PermissionDenied
        return of_answer(answer, path="/")
    title = HTTPStatus(answer.status_code).phrase  # DRF's default_detail may be a template
    new = problem(answer.status_code, exc.default_code, title, str(exc.detail))
    for header in KEPT_HEADERS:
        if answer.has_header(header):
            new[header] = answer[header]
    return new


def _flatten(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a flat list with JSON pointers."""
    if isinstance(detail, dict):
        return [
            error
            for key, value in detail.items()
            for error in _flatten(value, pointer if key in WHOLE else f"{pointer}/{escaped(key)}")
        ]
    if isinstance(detail, list):
        nested = any(isinstance(value, dict | list) for value in detail)
        return [
            error
            for index, value in enumerate(detail)
            for error in _flatten(value, f"{pointer}/{index}" if nested else pointer)
        ]
    code = getattr(detail, "code", "invalid")
    return [{"pointer": pointer or "/", "code": code, "detail": str(detail)}]


def _coded(exc: ModelValidationError) -> dict[str, Any]:
    """What Django says of each field, with its codes."""
    return {
        field: [
            exceptions.ErrorDetail(message, code=error.code or "invalid")
            for error in found
            for message in error.messages
        ]
        for field, found in exc.error_dict.items()
    }


def _by_place(errors: dict[str, Any]) -> dict[str, Any]:
    """What a service says of `products/0/lot`, nested as the input is."""
    nested: dict[str, Any] = {}
    for place, said in errors.items():
        *above, name = place.split("/")
        inner = nested
        for step in above:
            inner = inner.setdefault(step, {})
        inner[name] = said
    return nested


def escaped(key: Any) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")
