"""The client of every API test: it fails on an answer that the API's description does not allow.

Status, content type, headers and body are compared, and an object may have no property beyond those
that are described. The description is the product's own, generated once for a run. What is refused
is told in words; a 400, which is for the client's programmer, also names fields.
"""

import gzip
import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.support.words import faults_of_problem

# What HTTP, Django and its middleware put on any answer.
COMMON_HEADERS = {
    *(
        "allow",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-type",
    ),
    *("cross-origin-opener-policy", "referrer-policy", "vary", "x-content-type-options"),
    *("x-frame-options", "x-request-id"),
}


class CheckedClient(APIClient):
    """Raises AssertionError for an answer under /api/v1/ that is not as described."""

    def request(self, **asked: Any) -> Any:
        answer = super().request(**asked)
        path, method = asked["PATH_INFO"], asked["REQUEST_METHOD"].lower()
        if path.startswith("/api/v1/") and method != "options":
            faults = faults_of(answer, path, "get" if method == "head" else method)
            if answer.status_code > 400 and "json" in answer.headers.get("Content-Type", ""):
                faults = [*faults, *faults_of_problem(answer.json())]
            assert not faults, f"{method.upper()} {path} answers {answer.status_code}: {faults}"
        return answer


@cache
def description() -> dict[str, Any]:
    """The API's description as it is served."""
    generator: Any = SchemaGenerator
    found: dict[str, Any] = generator().get_schema(request=None, public=True)
    return found


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation by method and path, such as ("get", "/api/v1/sessions/{id}/")."""
    return {
        (method, path): operation
        for path, item in description()["paths"].items()
        for method, operation in item.items()
    }


def faults_of(answer: Any, path: str, method: str) -> list[str]:
    """What the description does not say of this answer."""
    operation = operations().get((method, template_of(path)))
    media_type = answer.headers.get("Content-Type", "").split(";")[0]
    if operation is None:  # nothing to describe: it can only be a refusal
        refused = answer.status_code in (401, 403, 404, 405)
        return [] if refused else ["there is no such operation"]
    responses = operation["responses"]
    described = resolved(responses.get(str(answer.status_code)))
    if described is None:
        return [f"undocumented status, {answer.content[:300]!r}"]
    known = COMMON_HEADERS | ({"etag"} if answer.status_code >= 400 else set())
    known |= {name.lower() for name in described.get("headers", {})}
    faults = [f"undocumented header {name}" for name in answer.headers if name.lower() not in known]
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        faults.append("it may be kept: clinic.http.middleware.headers")
    codes = described.get("x-problem-codes")
    if codes and (code := body_of(answer)["code"]) not in codes:
        faults.append(f"undocumented code {code}: see clinic/api/schema/operations.yaml")
    content = described.get("content", {})
    if not content:
        return faults + (["there should be no body"] if answer.content else [])
    if media_type not in content:
        return [*faults, f"undocumented content type {media_type}"]
    if media_type.endswith("json") and answer.request["REQUEST_METHOD"] != "HEAD":
        checked = strict_of(media_type, described)
        faults += [
            f"{'/'.join(map(str, error.instance_path)) or 'body'}: {error.message}"
            for error in checked.iter_errors(body_of(answer))
        ]
    return faults


def body_of(answer: Any) -> Any:
    is_gzip = answer.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(answer.content) if is_gzip else answer.content)


def resolved(described: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a reference stands for."""
    if described and "$ref" in described:
        *_, kind, name = described["$ref"].split("/")
        return dict(description()["components"][kind][name])
    return described


def strict_of(media_type: str, described: dict[str, Any]) -> Any:
    schema = described["content"][media_type]["schema"]
    return strict(json.dumps(schema, sort_keys=True))


@cache
def strict(schema: str) -> Any:
    """A validator of `schema` that takes no property beyond the described ones."""
    return jsonschema_rs.Draft202012Validator(
        {**closed(json.loads(schema)), "components": components()},
        validate_formats=True,
    )


@cache
def components() -> Any:
    return closed(description()["components"])


def closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found


@cache
def template_of(path: str) -> str:
    """The path as the description has it: /api/v1/sessions/{id}/."""
    try:
        return "/" + re.sub(r"<(\w+:)?(\w+)>", "{id}", resolve(path).route)
    except Resolver404:
        return path
