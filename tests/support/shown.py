"""Which keys an answer of the API holds, as its description calls them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support.answers import (
    body_of,
    description,
    operations,
    resolved,
    template_of,
)

ANY = "*"  # in an object whose keys are data, such as ids


def schema_of(method: str, path: str, status: int | str) -> dict[str, Any] | None:
    """Of the JSON that is answered; None if it is none."""
    described = resolved(operations()[method.lower(), template_of(path)]["responses"][str(status)])
    content = (described or {}).get("content", {}).get("application/json")
    return content["schema"] if content else None


def keys_in(answer: Any, method: str, path: str) -> set[tuple[str, str]]:
    """Each key of each object in an answer, by the name of the object."""
    schema = schema_of(method, path, answer.status_code)
    return set(_keys(body_of(answer), schema, f"{method} {path}")) if schema else set()


def _keys(value: Any, schema: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    schema, name = _meant(value, schema, name)
    if isinstance(value, list):
        for one in value:
            yield from _keys(one, schema.get("items", {}), name)
    elif isinstance(value, dict):
        named = schema.get("properties", {})
        more = schema.get("additionalProperties")
        for key, inner in value.items():
            known = key if key in named else ANY
            yield name, known
            below = named.get(key, more if isinstance(more, dict) else {})
            yield from _keys(inner, below, f"{name}.{known}")


def _meant(value: Any, schema: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """What a reference stands for; of several schemas the first that has all the keys."""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            schema = description()["components"]["schemas"][name]
        elif several := next((schema[w] for w in ("allOf", "oneOf", "anyOf") if w in schema), None):
            meant = [_meant(value, one, name) for one in several]
            fitting = [one for one in meant if _has_all(one[0], value)]
            schema, name = (fitting or meant)[0]
        else:
            return schema, name


def _has_all(schema: dict[str, Any], value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) <= set(schema.get("properties", ())) or "additionalProperties" in schema
    return not isinstance(value, list) or schema.get("type") == "array"


@cache
def objects_of(method: str, path: str) -> dict[str, frozenset[str]]:
    """Every object that can be in an answer that is no refusal, with its keys, as described."""
    found: dict[str, frozenset[str]] = {}
    for status in operations()[method.lower(), path]["responses"]:
        if status < "400" and (schema := schema_of(method, path, status)):
            _describe(schema, f"{method} {path}", found)
    return found


def _describe(schema: dict[str, Any], name: str, found: dict[str, frozenset[str]]) -> None:
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        if name not in found:
            _describe(description()["components"]["schemas"][name], name, found)
        return
    for word in ("allOf", "oneOf", "anyOf"):
        for one in schema.get(word, ()):
            _describe(one, name, found)
    named, more = schema.get("properties", {}), schema.get("additionalProperties")
    is_open = more not in (None, False)
    if named or is_open:
        found[name] = frozenset({*named, *([ANY] if is_open else [])})
    for key, inner in named.items():
        _describe(inner, f"{name}.{key}", found)
    if isinstance(more, dict):
        _describe(more, f"{name}.{ANY}", found)
    if isinstance(schema.get("items"), dict):
        _describe(schema["items"], name, found)


def root_of(method: str, path: str) -> str:
    """What the answer is called; of a list, what is in it."""
    for status in operations()[method.lower(), path]["responses"]:
        if status < "400" and (schema := schema_of(method, path, status)):
            items = schema.get("items", schema)
            name = items["$ref"].split("/")[-1] if "$ref" in items else ANY
            return f"[{name}]" if "items" in schema else name
    return ""
