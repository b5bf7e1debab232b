"""What every address of the product tells browsers, whoever asks and whatever it answers."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.house.test_architecture import endpoints
from tests.support.headers import header_faults, kept_faults, rules_of

pytestmark = pytest.mark.django_db
VALUES = {"uuid": "01890000-0000-7000-8000-000000000000", "int": "1"}
STATIC = "/static/unfold/js/app.js"


def addresses() -> list[str]:
    """Every address of the resolver, with something in each of its places."""
    found = []
    for pattern, _ in endpoints(get_resolver()):
        path = re.sub(r"<(?:(\w+):)?\w+>", lambda one: VALUES.get(one[1], "x"), pattern)
        path = re.sub(r"\(\?P<app_label>[^)]*\)", "patients", path)
        path = path.replace("(?P<url>.*)$", "nothing").replace("^", "").replace("$", "")
        found.append("/" + path.replace("\\Z", ""))
    found.remove("/api/schema/")  # it takes seconds to make
    return [*found, "/api/schema/?format=x"]


def test_every_answer_says_what_a_page_may_do_and_that_it_is_not_kept() -> None:
    """To those who may see them, the admin's pages say it in test_admin_walk.py, and the API in
    every test of it (tests.support.answers)."""
    client = Client(raise_request_exception=False)
    tried = addresses()
    failures: list[tuple[Any, ...]] = []
    seen, kept = set(), set()
    for path in [*tried, STATIC, "/nothing/"]:
        answer = (client.head if path == STATIC else client.get)(path)
        seen.add(answer.status_code)
        failures += [(path, answer.status_code, one) for one in header_faults(answer)]
        kept |= {path for _ in kept_faults(answer)}

    assert not failures, failures
    assert kept == {"/", "/api/docs/", "/api/schema/?format=x", "/admin/jsi18n/", STATIC}
    assert len(tried) > 500
    assert {200, 302, 401, 404, 405} <= seen


def test_scripts_run_where_a_page_has_some_and_from_this_host_only(client: Client) -> None:
    pages = {path: rules_of(client.get(path)) for path in ("/", "/api/docs/", "/p/x/", "/nothing/")}

    assert pages["/"]["script-src"] == pages["/api/docs/"]["script-src"] == "'self'"
    assert "script-src" not in pages["/p/x/"]
    assert all("unsafe" not in rules["style-src"] for rules in pages.values())
    assert rules_of(client.get("/admin/login/"))["script-src"] == "'self' 'unsafe-eval'"


def test_what_a_reader_has_already_keeps_its_own_policy(client: Client) -> None:
    """A 304 has no kind of its own: what it says would replace what the page said."""
    first = client.get("/")

    again = client.get("/", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 304
    assert "Content-Security-Policy" not in again
