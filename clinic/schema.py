"""The OpenAPI description: every operation may answer with a problem document."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document. Some codes add members of their own.",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs: never changes."},
        "detail": {"type": "string", "description": "For people: says what would be right."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the input."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook: `default` is the answer to everything that goes wrong."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    answer = {
        "description": "What is wrong, and what would be right.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = answer
    return result
