"""The API's description can be understood: every operation and field has its words and examples."""

import json
from collections.abc import Iterator
from typing import Any

from clinic.api.schema import words
from clinic.api.schema.problems import FRAMEWORK, known_problems
from tests.support.answers import description, operations, resolved, strict

# An operation that cannot be refused like this is a mistake of the description.
EVERY = {"400", "406", "500", "503"}
SECURED = {"401"}
WRITING = {"413", "415"}


def test_every_operation_has_its_words() -> None:
    tags = {tag["name"]: tag["description"] for tag in description()["tags"]}
    faults = [
        (operation["operationId"], name)
        for operation in operations().values()
        for name in ("operationId", "summary", "description", "tags")
        if not operation.get(name)
    ]
    names = [operation["operationId"] for operation in operations().values()]

    assert len(names) > 120
    assert faults == []
    assert len(set(names)) == len(names)
    assert [name for name in names if "_" not in name or name.startswith("v1")] == []
    assert {tag for operation in operations().values() for tag in operation["tags"]} == set(tags)


def test_every_field_and_parameter_has_a_description() -> None:
    """Beyond the list of its choices."""
    parts = [
        *fields(),
        *(
            (f"{operation['operationId']}?{parameter['name']}", parameter)
            for operation in operations().values()
            for parameter in operation.get("parameters", ())
        ),
    ]

    assert len(parts) > 1000
    assert [n for n, p in parts if not p.get("description") or p["description"][:1] == "*"] == []


def fields() -> Iterator[tuple[str, dict[str, Any]]]:
    for component, schema in description()["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            yield f"{component}.{name}", part
            for inner, row in part.get("items", {}).get("properties", {}).items():
                yield f"{component}.{name}.{inner}", row


def test_figures_say_their_unit() -> None:
    units = {"_mm": "mm", "_days": "ays", "_minutes": "inute", "_cm2": "square cent"}
    units |= {"_percent": "percent", "_ms": "millisecond", "_at": "(UTC)", "grams": "gram"}
    faults = [
        (name, part["description"])
        for name, part in fields()  # times that are sent have an offset, or say what they mean
        for ending, unit in units.items()
        if name.endswith(ending) and not (ending == "_at" and "Request." in name)
        if unit not in (told := part["description"].replace("millimetre", "mm"))
        if "clock" not in told
    ]

    assert faults == []


def test_no_words_are_left_over() -> None:
    names = {name for name, _ in fields()}
    plain = {name.removeprefix("Patched").replace("Request.", ".") for name in names}
    plain |= {name.split(".")[-1] for name in names}
    plain |= {p["name"] for o in operations().values() for p in o.get("parameters", ())}

    assert [name for name in words.fields() if name not in plain] == []
    mine = {operation["operationId"] for operation in operations().values()}
    assert [name for name in words.operations()["operations"] if name not in mine] == []


def test_every_body_and_answer_has_an_example_that_fits() -> None:
    faults, tried = [], 0
    for operation in operations().values():
        answers = [resolved(a) or {} for status, a in operation["responses"].items()]
        for part in [operation.get("requestBody", {}), *answers]:
            for media in part.get("content", {}).values():
                if media["schema"].get("format") == "binary":
                    continue
                examples = [resolved(e) for e in media.get("examples", {}).values()]
                values = [e["value"] for e in examples if e] or [media.get("example")]
                tried += len(values)
                checked = strict(json.dumps(media["schema"]))
                faults += [
                    (operation["operationId"], str(error.instance_path), error.message)
                    for value in values
                    for error in checked.iter_errors(value)
                ]

    assert tried > 1500
    assert faults == []


def test_every_operation_says_how_it_may_be_refused() -> None:
    faults = []
    for (method, path), operation in operations().items():
        wanted = set(EVERY)
        wanted |= SECURED if operation.get("security") else set()
        wanted |= WRITING if method in ("post", "put", "patch") else set()
        wanted |= {"404"} if "{" in path else set()
        missing = wanted - set(operation["responses"])
        faults += [(operation["operationId"], sorted(missing))] if missing else []

    assert faults == []


def test_every_error_of_the_product_is_a_problem_of_some_operation() -> None:
    told = {
        code
        for operation in operations().values()
        for answer in operation["responses"].values()
        for code in (resolved(answer) or {}).get("x-problem-codes", ())
    }
    # what is never raised itself: the classes that others are made from
    bases = {"refused", "conflict", "not_allowed"}
    # what only the patients' pages and the admin can meet
    elsewhere = {
        *("erasure_settled", "record_in_use", "same_person", "own_access", "review_refused"),
        *("draft_left", "not_asked", "nothing_to_confirm", "too_many_photos"),
        *("import_started", "import_unchecked", "note_too_long", "unreadable_file"),
        *("no_link_now", "no_visit_now", "too_many_pictures"),
        *("change_waits", "change_settled", "change_outdated", "proposed_by_you"),
        *("no_treatment_ahead", "too_late_to_ask", "asked_too_often"),
        *("cannot_switch", "last_factor", "passkey_refused", "pin_too_easy", "too_many_passkeys"),
    }

    assert set(known_problems()) - told == bases | elsewhere
    assert told - set(known_problems()) == set()
    assert len(told - set(FRAMEWORK)) > 80
