"""One example for each body and answer, made of the examples of its fields."""

from typing import Any

from clinic.api.schema import words

Schema = dict[str, Any]
FORMATS = {
    "uuid": "01930c6e-0a5b-7c3e-8f4d-1b2c3d4e5f60",
    "date-time": "2030-01-07T09:00:00Z",
    "date": "2030-01-07",
    "uri": "https://clinic.example/api/v1/sessions/?cursor=cD0yMDMw",
    "decimal": "1.00",
    "email": "ada@patients.example",
    "binary": "…",
}
TYPES: dict[str, Any] = {"boolean": True, "number": 0.9, "null": None, "object": {}}


def add_examples(result: Schema) -> None:
    make = Examples(result["components"]["schemas"])
    for path in result["paths"].values():
        for operation in path.values():
            bodies = [operation.get("requestBody", {})]
            bodies += [
                answer for status, answer in operation["responses"].items() if status < "300"
            ]
            for body in bodies:
                for media in body.get("content", {}).values():
                    if media["schema"].get("format") != "binary":
                        media["example"] = make.of(media["schema"])


class Examples:
    """What a schema would look like, filled in."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components

    def of(self, schema: Schema, component: str = "", name: str = "") -> Any:
        if "$ref" in schema:
            component = schema["$ref"].rpartition("/")[2]
            return self.of(self._components[component], component, name)
        told = words.field(component, name)
        if name and len(told) > 1 and "properties" not in schema and "enum" not in schema:
            return told[1]
        for choice in ("oneOf", "anyOf", "allOf"):
            if choice in schema:
                null = {"type": "null"} in schema[choice]
                return None if null else self.of(schema[choice][0], component, name)
        if "enum" in schema:
            return schema["enum"][0]
        return self._by_type(schema, component, name)

    def _by_type(self, schema: Schema, component: str, name: str) -> Any:
        kind = schema.get("type", "null")
        if isinstance(kind, list):
            return None  # where null is possible it is an example, unless the words have another
        if kind == "array":
            return [self.of(schema["items"], component, "")]
        if "properties" in schema:
            parts = schema["properties"].items()
            return {part: self.of(inner, component, part) for part, inner in parts}
        if kind == "integer":
            return schema.get("default", schema.get("minimum", 1))
        if kind == "string":
            return FORMATS.get(schema.get("format", ""), schema.get("default", "text"))
        return schema.get("default", TYPES[kind])
