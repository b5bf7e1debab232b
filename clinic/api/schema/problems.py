"""Which problems an operation may answer, made from the error classes."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from clinic.api.schema import words
from clinic.errors import DomainError

Schema = dict[str, Any]
REF = "#/components/"
TEXT = {"type": "string"}
INSTANT = {"type": "string", "format": "date-time"}
ID = {"type": "string", "format": "uuid"}


def header(description: str, **schema: Any) -> Schema:
    return {"description": description, "schema": {"type": "string", **schema}}


RETRY_AFTER = header("Seconds to wait before the request can work.", pattern=r"^\d+$")
HEADERS = {
    401: {"WWW-Authenticate": header("How to say who you are.")},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}


ELSEWHERE = re.compile(r"^aftercare\.webhooks|\.admin\b")  # raised, but not to the API


class Problem(NamedTuple):
    status: int
    title: str


# What HTTP, Django and DRF refuse; the rest comes from the error classes.
FRAMEWORK = {
    "invalid": Problem(400, "Invalid input"),
    "bad_value": Problem(400, "Invalid input"),
    "bad_request": Problem(400, HTTPStatus(400).phrase),
    "parse_error": Problem(400, HTTPStatus(400).phrase),
    "not_authenticated": Problem(401, HTTPStatus(401).phrase),
    "authentication_failed": Problem(401, HTTPStatus(401).phrase),
    "permission_denied": Problem(403, HTTPStatus(403).phrase),
    "not_found": Problem(404, HTTPStatus(404).phrase),
    "not_acceptable": Problem(406, HTTPStatus(406).phrase),
    "unsupported_media_type": Problem(415, HTTPStatus(415).phrase),
    "throttled": Problem(429, HTTPStatus(429).phrase),
    "internal_error": Problem(500, HTTPStatus(500).phrase),
    "unavailable": Problem(503, "Try again"),
}


@cache
def known_problems() -> dict[str, Problem]:
    """Every code of the API with its status and title, the error classes' included."""
    found = dict(FRAMEWORK)
    waiting = [DomainError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if not ELSEWHERE.search(error.__module__):
            found[error.code] = Problem(error.status, error.title)
    return found


def codes_of(method: str, path: str, operation: Schema) -> list[str]:
    """What this operation may refuse with: what all may, and its own of `operations.yaml`."""
    headers = {p["name"]: p.get("required", False) for p in operation.get("parameters", ())}
    codes = ["invalid", "bad_request", "bad_value", "not_acceptable", "internal_error"]
    codes += ["busy", "unavailable", "access_not_recorded"]
    if operation.get("security"):
        codes += ["not_authenticated", "authentication_failed"]
        codes.append("throttled")  # clinic.http.tokens: a program that asks too often
        if operation["tags"][0] not in ("auth", "me"):
            codes += ["permission_denied", "break_glass_needed"]
    if "{" in path:
        codes.append("not_found")
    if method in ("post", "put", "patch"):
        codes += ["parse_error", "too_large", "unsupported_media_type"]
    if "Idempotency-Key" in headers:
        codes += ["bad_idempotency_key", "idempotency_key_reused", "answer_lost"]
        codes.append("version_mismatch")  # also for an If-Match where there is no one object
    if headers.get("If-Match"):
        codes.append("precondition_required")
    return [*codes, *words.problem_codes(operation["operationId"])]


def add_problems(result: Schema) -> None:
    """Document each status that an operation may refuse with, and its codes."""
    components = result["components"]
    components["schemas"]["Problem"] = PROBLEM
    responses = components["responses"] = {}
    names: dict[tuple[Any, ...], str] = {}  # what several operations may answer stands there once
    components["examples"] = {
        code: {"summary": problem.title, "value": document(code, problem)}
        for code, problem in sorted(known_problems().items())
    }
    for path, item in result["paths"].items():
        for method, operation in item.items():
            codes = codes_of(method, path, operation)
            for status in sorted({known_problems()[code].status for code in codes}):
                mine = sorted({code for code in codes if known_problems()[code].status == status})
                name = names.setdefault((status, *mine), response_name(status, mine, operation))
                responses[name] = response(status, mine)
                operation["responses"][str(status)] = {"$ref": f"{REF}responses/{name}"}


def response_name(status: int, codes: list[str], operation: Schema) -> str:
    """Of its codes if they are few, else of the first operation that has them all."""
    told = "-".join(codes) if len(codes) < 3 else operation["operationId"]
    return f"{HTTPStatus(status).phrase.replace(' ', '')}-{told}"


def response(status: int, codes: list[str]) -> Schema:
    phrase = HTTPStatus(status).phrase
    meanings = [(code, known_problems()[code].title) for code in codes]
    told = [f"`{code}`" + (f" ({title})" if title != phrase else "") for code, title in meanings]
    return {
        "description": f"{phrase}: {'; '.join(told)}.",
        "headers": HEADERS.get(status, {}),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": f"{REF}schemas/Problem"},
                "examples": {code: {"$ref": f"{REF}examples/{code}"} for code in codes},
            }
        },
        "x-problem-codes": codes,
    }


def document(code: str, problem: Problem) -> Schema:
    return {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "code": code,
        "detail": f"{problem.title}.",
        "errors": [],
    }


def rows(**parts: Schema) -> Schema:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": [name for name in parts if name not in ("subject", "offer")],
            "properties": {
                name: {"description": words.field("FindingOut", name)[0] or name, **part}
                for name, part in parts.items()
            },
        },
    }


PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457 problem document. Programs decide by `code`. Each response lists the "
    "codes it may have (also as `x-problem-codes`); later versions may add some, so the code is no "
    "enum here. Some codes add members: `too_soon` says `earliest_at`.",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": TEXT,
        "title": {**TEXT, "description": "What kind of problem it is, in words."},
        "status": {"type": "integer"},
        "code": {**TEXT, "description": "For programs: never changes."},
        "detail": {**TEXT, "description": "For people: says what would be right."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {**TEXT, "description": "JSON pointer into the input (RFC 6901)."},
                    "code": {**TEXT, "description": "What is wrong there, for programs."},
                    "detail": {**TEXT, "description": "What would be right there, for people."},
                },
            },
        },
        "earliest_at": INSTANT,
        "earliest_on": {"type": "string", "format": "date"},
        "hard_min_days": {"type": "integer"},
        "conflicting_session": {"type": ["string", "null"], "format": "uuid"},
        "alternatives": {"type": "array", "items": {"$ref": f"{REF}schemas/SlotOut"}},
        "later_sessions": rows(session=ID, starts_at=INSTANT, proposed_at=INSTANT),
        "bookings": rows(
            id=ID,
            starts_at=INSTANT,
            offer={"oneOf": [{"$ref": f"{REF}schemas/SlotOut"}, {"type": "null"}]},
        ),
        "holds": {"type": "integer"},
        "waitlist": {"type": "array", "items": ID},
        "messages": {"type": "integer"},
        "findings": rows(
            code=TEXT,
            subject=TEXT,
            severity={"$ref": f"{REF}schemas/SeverityEnum"},
            message=TEXT,
            rule=TEXT,
            source=TEXT,
            numbers={"type": "object", "additionalProperties": TEXT},
            clear_on={"type": ["string", "null"], "format": "date"},
            overridable_by={"type": "array", "items": TEXT},
            sign_off=TEXT,
        ),
        "contradictions": {"type": "array", "items": {"$ref": f"{REF}schemas/ContradictionOut"}},
        "index": {"type": "integer"},
    },
}
