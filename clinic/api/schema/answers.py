"""What every operation may answer besides its success: problems, headers, and "not modified"."""

from typing import Any

from clinic.api.schema.examples import add_examples
from clinic.api.schema.problems import add_problems, header
from clinic.api.schema.words import describe

ETAG = header(
    "Names this state of the object. Send it back as If-None-Match to hear 304 if you have it, or "
    "as If-Match with any write to the object, so that it is done only if nobody has changed it."
)
REPLAYED = header("There if the answer is that of an earlier request with this Idempotency-Key.")
FILE_NAME = header("Shown in place, under a name that tells nothing of the patient.")
SUCCESS = {"200": "Done.", "201": "Recorded.", "204": "Done; there is nothing to say."}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook, which adds what it does not know."""
    for path in result["paths"].values():
        for method, operation in path.items():
            add_headers(method, operation)
    add_problems(result)
    close_bodies(result["components"]["schemas"])
    describe(result)
    add_examples(result)
    return result


def close_bodies(components: dict[str, Any]) -> None:
    """What a body does not know is refused: see clinic.api.forms.Form."""
    for name, schema in components.items():
        if name.endswith("Request") and "properties" in schema:
            schema["additionalProperties"] = False


def add_headers(method: str, operation: dict[str, Any]) -> None:
    takes = {parameter["name"] for parameter in operation.get("parameters", ())}
    for status, response in operation["responses"].items():
        response["description"] = response["description"] or SUCCESS[status]
        headers = response.setdefault("headers", {})
        if {"image/jpeg", "application/pdf"} & response.get("content", {}).keys():
            headers["Content-Disposition"] = FILE_NAME
        if "Idempotency-Key" in takes:
            headers["Idempotency-Replayed"] = REPLAYED
        if not headers:
            del response["headers"]
    if method == "get" and "ETag" in operation["responses"].get("200", {}).get("headers", {}):
        operation["responses"]["304"] = {
            "description": "What you have is still true: your If-None-Match is the ETag.",
            "headers": {"ETag": ETAG},
        }
