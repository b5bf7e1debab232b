"""From where a request comes, with and without proxies of ours."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from clinic.http.middleware.addresses import client_addresses, client_of
from clinic.models import User
from tests.conftest import client_of as api_client
from tests.support.accesses import Watch

OURS = ("10.0.0.0/8", "unix")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: it claims
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first is claimed
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", " , 203.0.113.7 ,", "203.0.113.7"),
        ("", "203.0.113.7", "203.0.113.7"),  # a socket
        ("2001:db8::1", "203.0.113.7", "2001:db8::1"),
    ],
)
def test_only_what_our_proxies_have_written_down_is_believed(
    peer: str, forwarded: str, client: str
) -> None:
    assert client_of(peer, forwarded, OURS) == client


def test_a_socket_is_believed_only_if_it_is_named() -> None:
    assert client_of("", "203.0.113.7", ("10.0.0.0/8",)) == ""


@pytest.mark.parametrize(
    ("trusted", "peer", "address", "scheme"),
    [
        ([], "10.0.0.1", "10.0.0.1", "https"),  # BEHIND_PROXY decides about the scheme alone
        (OURS, "10.0.0.1", "203.0.113.7", "https"),
        (OURS, "198.51.100.1", "198.51.100.1", None),
    ],
)
def test_whoever_is_no_proxy_of_ours_says_nothing_of_address_and_scheme(
    settings: Any, trusted: Any, peer: str, address: str, scheme: str | None
) -> None:
    settings.TRUSTED_PROXIES = trusted
    seen: list[dict[str, Any]] = []
    claims: Any = {"HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_X_FORWARDED_PROTO": "https"}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **claims)

    def view(asked: HttpRequest) -> HttpResponse:
        seen.append(asked.META)
        return HttpResponse()

    client_addresses(view)(request)

    assert seen[0]["REMOTE_ADDR"] == address
    assert seen[0].get("HTTP_X_FORWARDED_PROTO") == scheme


@pytest.mark.django_db
def test_accesses_are_written_down_with_the_clients_address(settings: Any, alice: User) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    watch = Watch()

    api_client(alice, HTTP_X_FORWARDED_FOR="9.9.9.9, 203.0.113.7").get("/api/v1/patients/")

    assert [row.address for row in watch.rows()] == ["203.0.113.7"]
