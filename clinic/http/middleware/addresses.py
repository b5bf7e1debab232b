"""From where a request comes: decided here, once, for throttles, log-ins, accesses and logs.

A proxy writes down whom it has asked for, at the end of what the client claims. So the list is read
from its end, for as long as whoever has written it is one of ours (`TRUSTED_PROXIES`).
"""

from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SOCKET = "unix"
FORWARDED, SCHEME = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"


def client_addresses(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Outermost: from here on REMOTE_ADDR is the client's, in gunicorn's log too."""

    def handle(request: HttpRequest) -> HttpResponse:
        trusted = tuple(settings.TRUSTED_PROXIES)
        if trusted:
            meta = request.META
            peer = meta.get("REMOTE_ADDR", "")
            if not is_trusted(peer, trusted):
                meta.pop(SCHEME, None)
            meta["REMOTE_ADDR"] = client_of(peer, meta.get(FORWARDED, ""), trusted)
        return get_response(request)

    return handle


def client_of(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The nearest address that is not one of our proxies. What cannot be read ends the search."""
    address = peer
    for claimed in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not is_trusted(address, trusted) or not _is_address(claimed):
            break
        address = claimed
    return address


def is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    if not address:
        return SOCKET in trusted
    if not _is_address(address):
        return False
    found = ip_address(address)
    return any(found in network for network in _networks(trusted))


@cache
def _networks(trusted: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(one) for one in trusted if one != SOCKET]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
