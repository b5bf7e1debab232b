"""What the description says of a body is what the server takes: for every write of the API."""

import json
from typing import Any

import pytest

from tests.factories import ClinicFactory
from tests.support.answers import description, operations, strict
from tests.support.writes import Desk, Write, writes

pytestmark = pytest.mark.django_db
Schema = dict[str, Any]
# A value of the right kind that names no row, or does not go with the others, is no fault of shape.
OF_SHAPE = {"required", "null", "blank", "invalid", "invalid_choice", "min_length", "max_length"}
OF_SHAPE |= {"not_a_list", "min_value", "max_value", "unknown_field", "max_string_length", "empty"}


def test_what_the_schema_says_of_a_body_is_what_is_taken() -> None:
    """What is missing, null or blank is refused where the schema refuses it, and nowhere else; its
    example, and the required part of that, are taken."""
    tried, faults = 0, {}
    for operation, method, path in writes():
        content = operations()[method, path].get("requestBody", {}).get("content", {})
        if media := content.get("application/json"):
            schema = description()["components"]["schemas"][media["schema"]["$ref"].split("/")[-1]]
            if "oneOf" in schema:
                continue  # each of its parts asks for something else
            write = Desk(ClinicFactory()).write(operation, method, path)
            found = [
                *empty(write, schema),  # first: what is refused changes nothing
                *missing(write, schema),
                *fitting(write, schema, media["example"]),
            ]
            tried += 1
            if found:
                faults[operation] = found

    assert tried > 40
    assert faults == {}


def missing(write: Write, schema: Schema) -> list[str]:
    asked = refused(write.send(body={}), "required")
    return [f"required: {name}" for name in asked ^ set(schema.get("required", ()))]


def empty(write: Write, schema: Schema) -> list[str]:
    parts = schema["properties"]
    not_null = {name for name, part in parts.items() if not takes(part, None)}
    nothing = refused(write.send(body=dict.fromkeys(parts)), "null")
    texts = [name for name, part in parts.items() if takes(part, "some text")]
    # a code that may be null may be empty too: that is none
    texts = [name for name in texts if takes(parts[name], "") or name in not_null]
    not_blank = {name for name in texts if not takes(parts[name], "")}
    blank = refused(write.send(body=dict.fromkeys(texts, "")), "blank", "null")
    return [
        *(f"null: {name}" for name in not_null ^ nothing),
        *(f"blank: {name}" for name in not_blank ^ blank),
    ]


def fitting(write: Write, schema: Schema, example: dict[str, Any]) -> list[str]:
    """The shape of the example is right. Its ids are nobody's: known ones go in their place."""
    known = write.body or {}
    least = {name: known.get(name, example[name]) for name in schema.get("required", ())}
    answers = [write.send(body=body) for body in ({**example, **known}, least)]
    errors = [
        error
        for answer in answers
        if answer.status_code == 400
        for error in answer.json()["errors"]
    ]
    return [f"{e['pointer']}: {e['code']}" for e in errors if e["code"] in OF_SHAPE]


def refused(answer: Any, *codes: str) -> set[str]:
    """The top-level fields that are refused with one of these codes."""
    errors = answer.json()["errors"] if answer.status_code == 400 else []
    return {error["pointer"].split("/")[1] for error in errors if error["code"] in codes}


def takes(part: Schema, value: Any) -> bool:
    return bool(strict(json.dumps(part)).is_valid(value))
