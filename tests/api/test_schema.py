"""The API's description holds: it is valid, and what it says can be relied upon.

That every answer is as described is checked in all tests, by their client (tests.support.answers).
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.response import Response
from rest_framework.test import APIClient

from sessions.api import SessionViewSet
from tests.support.answers import description, strict


def test_it_is_made_without_a_warning_and_valid() -> None:
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)

    made = json.loads(out.getvalue())
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []
    assert made == json.loads(json.dumps(description()))


def test_what_is_served_is_what_is_checked(client: Client) -> None:
    served = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})

    assert served.json()["paths"].keys() == description()["paths"].keys()


def test_every_default_is_a_value_that_is_taken() -> None:
    defaults = list(with_default())
    refused = [
        (name, schema["default"])
        for name, schema in defaults
        if not strict(json.dumps(schema)).is_valid(schema["default"])
    ]

    assert len(defaults) > 20
    assert refused == []


def with_default() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that has a default."""
    for component, schema in description()["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            if "default" in part:
                yield f"{component}.{name}", part


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Response({"next": None}), '"previous" is a required property'),
        (Response(status=299), "undocumented status"),
        (Response({"results": []}, headers={"X-Secret": "1"}), "undocumented header X-Secret"),
        (Response([], content_type="text/html"), "undocumented content type text/html"),
        (
            Response({"next": None, "previous": None, "results": [], "count": 0}),
            "Additional properties are not allowed ('count' was unexpected)",
        ),
    ],
)
def test_the_client_notices(
    as_dana: APIClient, monkeypatch: pytest.MonkeyPatch, answer: Response, fault: str
) -> None:
    monkeypatch.setattr(SessionViewSet, "list", lambda *_: answer)

    with pytest.raises(AssertionError) as noticed:
        as_dana.get("/api/v1/sessions/")

    assert fault in str(noticed.value)
