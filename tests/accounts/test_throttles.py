"""How often one caller may do what costs much."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory

from clinic.embedded import Valkey
from clinic.http import counts
from clinic.models import User
from clinic.ops.throttles import scope_of
from tests.admin.pages import client_of as admin_of
from tests.conftest import client_of

PASSWORD = "a-cache-that-is-away"
NOBODY = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("post", "/api/v1/auth/login/", "login"),
        ("post", "/admin/login/", "login"),
        ("get", "/admin/login/", ""),
        ("get", "/api/v1/patients/?q=hop", "search"),
        ("get", "/api/v1/patients/?q=", ""),
        ("get", "/api/v1/patients/", ""),
        ("post", "/api/v1/sessions/", ""),
        ("get", "/admin/patients/patient/?q=hop", "search"),
        ("get", "/admin/search/?s=hop", "search"),
        ("get", "/admin/autocomplete/?term=hop", "search"),
        ("get", f"/admin/clinic/accessrecord/of/{NOBODY}/csv/", "export"),
        ("get", f"/api/v1/sessions/{NOBODY}/leaflet/", "export"),
        ("get", "/p/token/", "page"),
        ("get", "/p/token/leaflet.pdf", "page"),
        ("post", "/p/token/write/", "page"),
        ("get", "/calendar/secret.ics", "page"),
        ("get", "/readyz", ""),
        ("post", "/webhooks/sms/", ""),
    ],
)
def test_what_is_counted(method: str, path: str, scope: str) -> None:
    assert scope_of(getattr(RequestFactory(), method)(path)) == scope


@pytest.fixture
def limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a minute of each, at a time that stands still."""
    settings.THROTTLES = dict.fromkeys(("login", "search", "export", "page", "service"), 2)
    monkeypatch.setattr("time.time", lambda: 60 * 29_000_000 + 18.7)
    monkeypatch.setattr(counts, "_count", counts._Count())
    cache.clear()


@pytest.mark.django_db
def test_the_third_in_a_minute_is_told_to_wait_until_it_is_over(limits: None, alice: User) -> None:
    api, browser = client_of(alice), admin_of(alice)
    for ask in (
        lambda: api.get("/api/v1/patients/?q=hop"),
        lambda: client_of(None).post("/api/v1/auth/login/", {"username": "x", "password": "y"}),
        lambda: browser.get("/admin/patients/patient/?q=hop"),
        lambda: browser.get(f"/admin/clinic/accessrecord/of/{NOBODY}/csv/"),
        lambda: Client().get("/p/token/"),
    ):
        answers = [ask() for _ in range(3)]

        assert [answer.status_code == 429 for answer in answers] == [False, False, True]
        assert answers[2]["Retry-After"] == "42"
    assert (
        client_of(alice, REMOTE_ADDR="10.0.0.9").get("/api/v1/patients/?q=hop").status_code == 200
    )


@pytest.mark.django_db
def test_a_colleague_behind_the_same_router_has_a_count_of_their_own(
    limits: None, alice: User, dana: User
) -> None:
    hers, his = admin_of(alice), admin_of(dana)
    for _ in range(3):
        last = hers.get("/admin/patients/patient/?q=hop")

    assert last.status_code == 429
    assert his.get("/admin/patients/patient/?q=hop").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_cache_that_is_away_decides_nothing_and_holds_up_one(
    limits: None, settings: Any, alice: User, tmp_path: Path, caplog: Any, how: signal.Signals
) -> None:
    """Killed, or there without a word, as behind a firewall that drops what it does not like."""
    alice.set_password(PASSWORD)
    alice.save()
    valkey = Valkey(tmp_path).start()
    assert valkey._process
    try:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": valkey.url}}
        cache.set("is", "there")
        os.kill(valkey._process.pid, how)
        api, browser = client_of(alice), admin_of(alice)

        began = time.monotonic()
        answers: list[Any] = [api.get("/api/v1/patients/?q=hop")]
        waited = time.monotonic() - began
        answers += [browser.get("/admin/patients/patient/?q=hop") for _ in range(4)]
        entered = client_of(None).post(
            "/api/v1/auth/login/", {"username": alice.username, "password": PASSWORD}
        )
    finally:
        valkey._process.send_signal(signal.SIGCONT)  # nothing, where it is dead
        valkey.stop()

    assert {answer.status_code for answer in [*answers, entered]} == {200}
    assert waited < 4  # what a client of Valkey waits by itself is five seconds
    assert [r.message for r in caplog.records if "counts" in r.name] == [
        f"nothing is counted: {'TimeoutError' if how == signal.SIGSTOP else 'ConnectionError'}"
    ]
