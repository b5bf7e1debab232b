"""What every operation may answer besides its success: problems, headers, and "not modified"."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document. Some codes add members of their own.",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "additionalProperties": True,
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


def header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


ETAG = header(
    "Names this state of the object. Send it back as If-None-Match to hear 304 if you have it, or "
    "as If-Match with any write to the object, so that it is done only if nobody has changed it."
)
RETRY_AFTER = header("Seconds to wait before the request can work.", pattern=r"^\d+$")
WWW_AUTHENTICATE = header("How to say who you are.")
REPLAYED = header("There if the answer is that of an earlier request with this Idempotency-Key.")
FILE_NAME = header("Shown in place, under a name that tells nothing of the patient.")


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook: `default` is the answer to everything that goes wrong."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path in result["paths"].values():
        for method, operation in path.items():
            add_headers(method, operation)
            operation["responses"]["default"] = {
                "description": "What is wrong, and what would be right.",
                "headers": {"Retry-After": RETRY_AFTER, "WWW-Authenticate": WWW_AUTHENTICATE},
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            }
    return result


def add_headers(method: str, operation: dict[str, Any]) -> None:
    takes = {parameter["name"] for parameter in operation.get("parameters", ())}
    for response in operation["responses"].values():
        headers = response.setdefault("headers", {})
        if is_of_an_object(response):
            headers.setdefault("ETag", ETAG)
        if "image/jpeg" in response.get("content", {}):
            headers["Content-Disposition"] = FILE_NAME
        if "Idempotency-Key" in takes:
            headers["Idempotency-Replayed"] = REPLAYED
        if not headers:
            del response["headers"]
    if method == "get" and is_of_an_object(operation["responses"].get("200", {})):
        operation["responses"]["304"] = {
            "description": "What you have is still true: your If-None-Match is the ETag.",
            "headers": {"ETag": ETAG},
        }


def is_of_an_object(response: dict[str, Any]) -> bool:
    """Lists, whole or in pages, have no ETag."""
    content = response.get("content", {}).get("application/json", {})
    component = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return bool(component) and not component.endswith("Page")
