"""Every field, parameter and id of the API against what nobody should send.

The answer is never a fault of ours; a refusal is a problem document that points at the field, and
has changed nothing.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction

from clinic.accounts.guessing import Counted
from clinic.models import Clinic
from tests.support.hostile import NOBODY, Ledger, Operation, World, operations_of

pytestmark = pytest.mark.django_db
TOO_LARGE = "@1e400@"  # no Python number is written as 1e400

TEXTS = {
    "empty": "",
    "blank": " \t ",
    "nonsense": "nonsense",
    "long": "x" * 11_000,
    "NUL": "a\0b",
    "half a pair": "\ud800",
    "right to left": "\u202e\u2066Ada\u200b",
    "emoji": "👩🏽‍⚕️🏳️‍🌈" + "e" + "\u0301" * 50,
    "code": "'; DROP TABLE patient; -- %s %(x)s {0} {{ x }} <script>",
    "header": "a\r\nBcc: x@example.com",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "first instant": "0001-01-01T00:00:00+14:00",
    "last instant": "9999-12-31T23:59:59-12:00",
    "other id": NOBODY,
    "exponent": "1e400",
    "minus": "-1",
}
VALUES: dict[str, Any] = {
    **TEXTS,
    "null": None,
    "true": True,
    "negative": -1,
    "past bigint": 2**63,
    "huge": 10**300,
    "fraction": 1.5,
    "NaN": float("nan"),
    "too large": TOO_LARGE,
    "list": [],
    "list of everything": [1, "x", {}, None, [[[None]]]],
    "object": {},
    "nested object": {"a": {"b": [1]}},
}
MOMENTS = {"first day", "last day", "first instant", "last instant"}
# To what is no free text, all texts are much the same.
ANY_TEXT = {"empty", "nonsense", "long", "NUL", "half a pair", "exponent"}
# What no JSON may hold is refused before any field is looked at: once for a body.
NO_JSON = {"NaN", "too large"}
# To what is a text, whatever else is much the same.
NO_TEXT = {"null", "true", "huge", "list of everything", "nested object"}
IDS = ["0", "-1", "null", "%00", "%ED%A0%80", "%E2%80%AE", "9" * 40, "..", "%2e%2e%2f", "x" * 5000]
IDS += [NOBODY, NOBODY.replace("-", ""), f"%7B{NOBODY}%7D", f"{NOBODY}%0A", "' OR 1=1 --"]


@pytest.fixture
def operations(clinic: Clinic, monkeypatch: Any) -> Iterator[list[Operation]]:
    monkeypatch.setattr("clinic.accounts.backend.count_try", lambda **_: Counted("", ("",)))
    logging.disable(logging.CRITICAL)  # thousands of refusals
    yield operations_of(World(clinic))
    logging.disable(logging.NOTSET)


Place = tuple[Any, Any]  # an object or a list, and the name or number of what stands in it
# By the pointer to a field or parameter: where it stands, the title of a value, and the value.
Harm = dict[str, tuple[Any, str, Any]]


def places_in(value: Any, pointer: str = "") -> Iterator[tuple[str, Place]]:
    """Every place of a body where a value stands, by the pointer to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in list(items):
        yield f"{pointer}/{name}", (value, name)
        if isinstance(inner, dict | list):
            yield from places_in(inner, f"{pointer}/{name}")


def hostile_to(good: Any, *, is_form: bool) -> dict[str, Any]:
    """The values that may harm where `good` stood."""
    values = TEXTS if is_form else VALUES
    if not isinstance(good, str):
        names = values.keys() - (TEXTS.keys() - ANY_TEXT) - NO_JSON
    elif re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", good):
        names = {*ANY_TEXT, *NO_TEXT, "other id", "right to left"}
    elif re.match(r"\d{4}-\d\d-\d\d", good):
        names = {*ANY_TEXT, *NO_TEXT, *MOMENTS, "minus"}
    else:
        names = {*TEXTS, *NO_TEXT} - MOMENTS
    names -= {"half a pair"} if is_form else set()  # a form is UTF-8
    return {name: value for name, value in values.items() if name in names}


def as_json(body: Any) -> str:
    return json.dumps(body).replace(f'"{TOO_LARGE}"', "1e400")


def faults_of(answer: Any, pointer: str) -> list[str]:
    """What is wrong with an answer to a hostile value at `pointer`."""
    status = answer.status_code
    if status >= 500:
        return [f"{status}"]
    if status < 400:
        return []
    if answer["Content-Type"] != "application/problem+json":
        return [f"{status} as {answer['Content-Type']}"]
    problem = answer.json()
    if not {"type", "title", "status", "code", "detail", "errors"} <= set(problem):
        return [f"{status} is no problem document"]
    pointers = pointers_of(answer)
    is_read = pointer and status in (400, 422) and problem["code"] != "parse_error"
    if is_read and not is_named(pointer, pointers):
        return [f"{status} {problem['code']} points at {pointers}: {problem['detail'][:90]}"]
    return []


def pointers_of(answer: Any) -> list[str]:
    """The fields that a refusal names; none if it is about no field, or there was none."""
    is_problem = answer["Content-Type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]] if is_problem else []


def is_named(pointer: str, pointers: Iterable[str]) -> bool:
    rows, _, last = pointer.rpartition("/")
    places = {pointer, rows} if last.isdigit() else {pointer}  # a list may stand for what is in it
    return any(one in places or one.startswith(f"{pointer}/") for one in pointers)


def attempt(operation: Operation, **request: Any) -> Any:
    """One request. What was done is taken back; what a refusal has changed would stay, and show."""
    mark = transaction.savepoint()
    answer = operation.send(**request)
    end = (
        transaction.savepoint_rollback if answer.status_code < 400 else transaction.savepoint_commit
    )
    end(mark)
    return answer


def unchanged(operation: Operation, ledger: Ledger) -> list[str]:
    tables = ledger.changed()
    return [f"{operation.name}: what was refused has changed {tables}"] if tables else []


def test_a_good_request_is_understood(operations: list[Operation]) -> None:
    """Else the others would be refused for another reason than the one that they try."""
    misunderstood = []
    for operation in operations:
        mark = transaction.savepoint()
        content = operation.body if operation.is_form else as_json(operation.body or {})
        answer = operation.send(content, query=operation.asked())
        if answer.status_code in (400, 403, 404, 405, 415, 422, 428) or answer.status_code >= 500:
            misunderstood.append(f"{operation.name}: {answer.status_code} {answer.content[:300]!r}")
        transaction.savepoint_rollback(mark)

    assert not misunderstood, "\n".join(misunderstood)


def test_every_field_of_every_body(operations: list[Operation]) -> None:
    ledger, tried = Ledger(), 0
    failures: list[str] = []
    for operation in operations:
        if operation.body is None:
            continue
        for harm in rounds_of(operation):
            tried += len(harm)
            failures += faults_at(operation, harm, sent_with)
        failures += unchanged(operation, ledger)

    assert not failures, "\n".join(failures)
    assert tried > 3000, tried


def rounds_of(operation: Operation) -> Iterator[Harm]:
    """Every hostile value at every place of a body: at once for the fields beside each other, for
    each refuses its own by itself."""
    places = dict(places_in(operation.body))
    for title in () if operation.is_form else NO_JSON:  # of one place: nothing else is looked at
        yield {pointer: (place, title, VALUES[title]) for pointer, place in [*places.items()][:1]}
    for depth in {pointer.count("/") for pointer in places}:
        queues = [
            [(pointer, ((parent, name), *value)) for value in values.items()]
            for pointer, (parent, name) in places.items()
            if pointer.count("/") == depth
            and (values := hostile_to(parent[name], is_form=operation.is_form))
        ]
        yield from (dict(filter(None, one)) for one in zip_longest(*queues))


def faults_at(
    operation: Operation, harm: Harm, send: Callable[[Operation, Harm], Any]
) -> Iterator[str]:
    """What goes wrong when values stand in some fields. In all at once first; then in those that
    have not refused theirs, until all are stored or refused for what is no field's."""
    while harm:
        answer = send(operation, harm)
        only = next(iter(harm)) if len(harm) == 1 else ""
        tried = {pointer: title for pointer, (_, title, _) in harm.items()}
        yield from (f"{operation.name} {tried}: {fault}" for fault in faults_of(answer, only))
        named = pointers_of(answer)
        left = {pointer: one for pointer, one in harm.items() if not is_named(pointer, named)}
        harm = left if len(left) < len(harm) else {}


def sent_with(operation: Operation, harm: Harm) -> Any:
    good = {pointer: parent[name] for pointer, ((parent, name), _, _) in harm.items()}
    for (parent, name), _, value in harm.values():
        parent[name] = value
    content = operation.body if operation.is_form else as_json(operation.body)
    answer = attempt(operation, content=content)
    for pointer, ((parent, name), _, _) in harm.items():
        parent[name] = good[pointer]
    return answer


def test_every_query_parameter(operations: list[Operation]) -> None:
    ledger, tried = Ledger(), 0
    failures: list[str] = []
    for operation in operations:
        if operation.method != "GET":
            continue
        for title, text in TEXTS.items():
            harm = {f"/{name}": (name, title, text) for name in operation.query}
            tried += len(harm)
            failures += faults_at(operation, harm, asked_with)
        failures += unchanged(operation, ledger)

    assert not failures, "\n".join(failures)
    assert tried > 1000


def asked_with(operation: Operation, harm: Harm) -> Any:
    texts = {
        name: quote_from_bytes(text[:20_000].encode("utf-8", "surrogatepass"))
        for name, _, text in harm.values()
    }
    return attempt(operation, content="", query=operation.asked(**texts))


def test_every_id_in_an_address(operations: list[Operation]) -> None:
    ledger, failures, tried = Ledger(), [], 0
    for operation in operations:
        if "{id}" not in operation.path:
            continue
        for spelling in IDS:
            tried += 1
            url = operation.path.replace("{id}", spelling)
            content = operation.body if operation.is_form else as_json(operation.body or {})
            answer = operation.send(content, url=url)
            faults = faults_of(answer, "")
            if answer.status_code != 404 or faults:
                failures.append(f"{operation.name} {spelling[:50]}: {answer.status_code} {faults}")
        failures += unchanged(operation, ledger)

    assert not failures, "\n".join(failures)
    assert tried > 500
