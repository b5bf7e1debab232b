"""Which front ends at other addresses may call the API: those that are named, and only the API."""

from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client

from tests.house.test_architecture import PRODUCTION, manage

pytestmark = pytest.mark.django_db
DESK = "https://desk.example"
PATH = "/api/v1/patients/"
CORS = "corsheaders.middleware.CorsMiddleware"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def named(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [DESK]
    settings.MIDDLEWARE = [CORS, *settings.MIDDLEWARE]


def preflight(path: str, origin: str) -> Any:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    return Client().options(path, headers=asked)


def test_nobody_is_allowed_unless_named() -> None:
    answer = preflight(PATH, DESK)

    assert CORS not in product.MIDDLEWARE
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.usefixtures("named")
def test_the_named_one_may_send_a_token_and_read_refusals() -> None:
    asked, refused = preflight(PATH, DESK), Client().get(PATH, headers={"Origin": DESK})

    assert (asked.status_code, asked[ALLOWED]) == (200, DESK)
    sent = set(asked["Access-Control-Allow-Headers"].split(", "))
    assert {"authorization", "if-match", "idempotency-key"} <= sent
    assert "Access-Control-Allow-Credentials" not in asked
    assert (refused.status_code, refused[ALLOWED]) == (401, DESK)
    assert "ETag" in refused["Access-Control-Expose-Headers"]


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("path", "origin"),
    [
        (PATH, "https://desk.example.evil.example"),
        (PATH, "http://desk.example"),
        (PATH, "https://desk.example:444"),
        (PATH, "null"),
        ("/admin/", DESK),
        ("/p/x/", DESK),
    ],
)
def test_no_other_origin_and_no_other_address(path: str, origin: str) -> None:
    assert ALLOWED not in preflight(path, origin)
    assert ALLOWED not in Client().get(path, headers={"Origin": origin})


@pytest.mark.parametrize("origins", ["*", "https://*.example", "https://a.example/", "http://a.b"])
def test_what_is_no_exact_origin_stops_the_start(origins: str) -> None:
    done = manage("check", **PRODUCTION, CORS_ORIGINS=origins)

    assert done.returncode != 0
    assert f"CORS_ORIGINS: {origins} is no origin," in done.stderr


def test_named_in_production_it_is_in_front_of_all_that_refuses() -> None:
    code = "from django.conf import settings; print(*settings.MIDDLEWARE)"

    done = manage("shell", "-v0", "-c", code, **PRODUCTION, CORS_ORIGINS=DESK)

    order = done.stdout.split()
    assert CORS in order, done.stderr
    refuses = ("problems_only", "never_blank", "SecurityMiddleware", "throttled", "sessions_end")
    before = order[: order.index(CORS)]
    assert not [one for one in before if one.rpartition(".")[2] in refuses]
    assert {one.rpartition(".")[2] for one in order} >= set(refuses)
