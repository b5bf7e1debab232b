"""The words of the description: `fields.yaml` and `operations.yaml`, where the code has none."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
Schema = dict[str, Any]


@cache
def operations() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(
        (HERE / "operations.yaml").read_text(), Loader=yaml.CSafeLoader
    )
    return found


def operation_words(operation_id: str) -> str | None:
    """What the operation does, if its docstring does not say it."""
    found: str | None = operations()["operations"].get(operation_id, {}).get("says")
    return found


def problem_codes(operation_id: str) -> list[str]:
    """The codes of its own that it may refuse with."""
    codes: list[str] = operations()["operations"].get(operation_id, {}).get("problems", [])
    groups: dict[str, list[str]] = operations()["groups"]
    return [code for name in codes for code in groups.get(name, [name])]


@cache
def fields() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = yaml.load(
        (HERE / "fields.yaml").read_text(), Loader=yaml.CSafeLoader
    )
    return found


def field(component: str, name: str) -> list[Any]:
    """[description] or [description, example] of a field; [""] if there are no words for it."""
    return fields().get(of_component(component, name)) or fields().get(name) or [""]


def of_component(component: str, name: str) -> str:
    return f"{component.removeprefix('Patched').removesuffix('Request')}.{name}"


def describe(result: Schema) -> None:
    """Put the words into the description."""
    result["tags"] = [
        {"name": name, "description": text} for name, text in operations()["tags"].items()
    ]
    for component, schema in result["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            of_all = of_component(component, name) not in fields()
            schema["properties"][name] = with_description(
                part, field(component, name)[0], of_all=of_all
            )
    for path in result["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                parameter.update(with_description(parameter, field("", parameter["name"])[0]))


def with_description(part: Schema, text: str, *, of_all: bool = True) -> Schema:
    """Words for all fields of a name give way to those that the code has for this one."""
    known = part.get("description", "")
    choices = known if known.startswith("* `") else ""  # drf-spectacular lists them
    if not text or (of_all and known and not choices):
        return part
    if "$ref" in part:
        return {"allOf": [part], "description": text}
    return {**part, "description": f"{text}\n\n{choices}".strip()}
