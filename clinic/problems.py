"""Every error of the API as one shape: an RFC 9457 problem document.

`{type, title, status, code, detail, errors: [{pointer, code, detail}]}` and, where a rule has more
to say, its own members (such as `earliest_at` for `too_soon`). `errors` points at the input.
"""

import logging
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError, OperationalError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from clinic.errors import DomainError

logger = logging.getLogger(__name__)
WHOLE = ("non_field_errors", "__all__")  # what DRF and Django call the input as a whole
CONTENT_TYPE = "application/problem+json"


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What is not listed here is a fault of ours, and stays a 500."""
    if isinstance(exc, DomainError):
        return _domain(exc)
    if isinstance(exc, ModelValidationError):
        exc = exceptions.ValidationError(
            exc.message_dict if hasattr(exc, "error_dict") else exc.messages
        )
    if isinstance(exc, IntegrityError):
        return _constraint(exc)
    if isinstance(exc, DataError):
        set_rollback()
        return problem(400, "bad_value", "Invalid input", "A value cannot be stored.")
    if isinstance(exc, OperationalError):
        logger.error("database unavailable: %s", exc)
        set_rollback()
        answer = problem(503, "unavailable", "Try again", "The database is not available.")
        answer["Retry-After"] = "2"
        return answer
    return _framework(exc, context)


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    return Response(
        {**body, "errors": errors or [], **extra}, status=status, content_type=CONTENT_TYPE
    )


def _domain(exc: DomainError) -> Response:
    set_rollback()
    errors = []
    if exc.field:
        errors = [{"pointer": f"/{exc.field}", "code": exc.code, "detail": exc.message}]
    answer = problem(exc.status, exc.code, exc.title, exc.message, errors=errors, **exc.extra)
    if exc.retry_after:
        answer["Retry-After"] = str(exc.retry_after)
    return answer


def _constraint(exc: IntegrityError) -> Response:
    """The last resort for a constraint that no service has put into words."""
    set_rollback()
    cause = exc.__cause__
    name = getattr(getattr(cause, "diag", None), "constraint_name", None) or "constraint"
    if getattr(cause, "sqlstate", "") == "23514":
        return problem(400, name, "Invalid input", f"The database refuses this value ({name}).")
    return problem(409, name, "Conflict", f"This clashes with what is recorded ({name}).")


def _framework(exc: Exception, context: dict[str, Any]) -> Response | None:
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    api_exception = exc if isinstance(exc, exceptions.APIException) else exceptions.NotFound()
    if isinstance(exc, exceptions.ValidationError):
        errors = _flatten(exc.detail)
        detail = "; ".join(f"{e['pointer'].strip('/') or 'body'}: {e['detail']}" for e in errors)
        new = problem(answer.status_code, "invalid", "Invalid input", detail, errors=errors)
    else:
        new = problem(
            answer.status_code,
            api_exception.default_code,
            str(api_exception.default_detail),
            str(api_exception.detail),
        )
    for header in ("WWW-Authenticate", "Retry-After"):
        if answer.has_header(header):
            new[header] = answer[header]
    return new


def _flatten(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a flat list with JSON pointers."""
    if isinstance(detail, dict):
        return [
            error
            for key, value in detail.items()
            for error in _flatten(value, pointer if key in WHOLE else f"{pointer}/{key}")
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
