"""Guessing of passwords is slowed, and nobody is locked out by it.

Note [Who waits for whom]
    A try is counted as a failure before the password is looked at, so tries at the same moment
    count too, and is taken back when it succeeds. What it waits for (decision 0053):
    1. of its account, only tries from the same kind of place: the same known device, the same
       known network, or anywhere unknown. A known place is one where that account has logged in.
    2. tries from the same network for whichever name, unless it comes from a known device.
    3. from an unknown place, all tries from unknown places.
    Nobody waits inside of a request: whoever has to is told for how long. An unknown name is
    counted like one that is known.
"""

import hmac
import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest
from django.utils.crypto import get_random_string
from django.utils.translation import gettext, gettext_noop, ngettext

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import KnownNetwork, LoginTries, User

KNOWN_FOR = timedelta(days=90)  # since somebody last logged in there
MOST_OF_A_DEVICE = 20  # people who share one: a tablet
SALT = "clinic.accounts.guessing.device"


@dataclass(frozen=True)
class Pace:
    """How long the next try waits after so many failures in a row, in seconds; after still more of
    them as long as the last one says. A rest makes the first try free again."""

    waits: tuple[float, ...]
    rest: timedelta

    def seconds(self, failures: int, last_at: datetime, at: datetime) -> float:
        if not failures or at - last_at >= self.rest:
            return 0.0
        wait = self.waits[min(failures, len(self.waits)) - 1]
        return max(0.0, wait - (at - last_at).total_seconds())


# Five tries in any quarter of an hour.
OF_AN_ACCOUNT = Pace((0, 0, 10, 60, 900), timedelta(days=1))
# Whoever sprays one password over many names; a whole clinic is behind one address.
OF_A_NETWORK = Pace((0,) * 10 + (1, 2, 4, 8, 10), timedelta(minutes=15))
# No more than what two processors check beside their work: a check takes a fifth of a second.
OF_STRANGERS = Pace((0,) * 20 + (0.5,) * 80 + (1, 2), timedelta(minutes=15))
EVERYBODY = "strangers"


class TooManyTries(DomainError):
    status = 429
    code = "too_many_tries"
    title = gettext_noop("Too many tries")

    def __init__(self, seconds: float) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        super().__init__(
            gettext("Too many tries to log in. Try again in {length}.").format(
                length=in_words(self.retry_after)
            )
        )


def in_words(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    if minutes > 1:
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    return ngettext("{n} second", "{n} seconds", seconds).format(n=seconds)


@dataclass(frozen=True)
class Counted:
    """A try that was let through to the check. The first of its keys is the account's."""

    network: str
    keys: tuple[str, ...]
    is_known_device: bool = False


def count_try(*, name: str, address: str, device: str, at: datetime) -> Counted:
    """Let a try through to the check of its password, or raise TooManyTries."""
    network = network_of(address)
    known = _known(name, network, at)
    nonce, users = read_device(device)
    is_known_device = known is not None and str(known[0]) in users
    if known and is_known_device:
        paces = {_key("device", nonce, str(known[0])): OF_AN_ACCOUNT}
    elif known and known[1]:
        paces = {_key("known", str(known[0]), network): OF_AN_ACCOUNT}
        paces |= {_key("network", network): OF_A_NETWORK}
    else:
        paces = {_key("name", _folded(name)): OF_AN_ACCOUNT}
        paces |= {_key("network", network): OF_A_NETWORK, _key(EVERYBODY): OF_STRANGERS}
    _refuse(LoginTries.objects.filter(key__in=paces), paces, at)
    _count(paces, at)
    return Counted(network, tuple(paces), is_known_device)


def count_alone(*what: str, pace: Pace, at: datetime) -> None:
    """For what is no log-in, and is slowed as well. Raises TooManyTries."""
    _count({_key(*what): pace}, at)


def forget_alone(*what: str) -> None:
    """It was right: the next try is free."""
    LoginTries.objects.filter(key=_key(*what)).delete()


@retried_transaction
def take_back(tried: Counted, *, client: str, at: datetime, by: User) -> bool:
    """The password was right: that was no failure, and from now on this network is known. The
    other tries of the same network stay counted: whoever guesses may have an account as well.

    Whether its owner should hear of it: neither this device was known, nor such a one there. The
    first log-in of all is no news."""
    LoginTries.objects.filter(key=tried.keys[0]).delete()
    take_back_of_others(tried)
    return _know(tried, client=client, at=at, by=by)


@retried_transaction
def know_place(*, address: str, device: str, client: str, at: datetime, by: User) -> bool:
    """Of a log-in that nobody can guess, as after a right password."""
    is_known_device = str(by.pk) in read_device(device)[1]
    here = Counted(network_of(address), (), is_known_device)
    return _know(here, client=client, at=at, by=by)


def _know(tried: Counted, *, client: str, at: datetime, by: User) -> bool:
    if not tried.network:
        return False
    place, is_new_place = KnownNetwork.objects.update_or_create(
        user=by, network=tried.network, defaults={"last_at": at}
    )
    if client in place.clients:
        return False
    is_news = bool(place.clients)  # of places from before this was noted nothing is known
    place.clients = [client, *place.clients][:MOST_OF_A_DEVICE]
    place.save(update_fields=["clients"])
    if is_new_place:
        is_news = KnownNetwork.objects.filter(user=by).exclude(pk=place.pk).exists()
    return is_news and not tried.is_known_device


def take_back_of_others(tried: Counted) -> None:
    """The password was right and the code is still to come: a failure of that account only, so that
    whoever knows the password cannot reset what they guess the code with."""
    others = LoginTries.objects.filter(key__in=tried.keys[1:]).order_by("key")
    others.update(failures=Greatest(F("failures") - 1, 0))


def _known(name: str, network: str, at: datetime) -> tuple[Any, ...] | None:
    """The account of this name, and whether it was used from this network before."""
    here = KnownNetwork.objects.used_since(at - KNOWN_FOR).filter(
        user=OuterRef("pk"), network=network
    )
    accounts = User.objects.filter(username=name).values_list("pk", Exists(here))
    return next(iter(accounts), None)


@retried_transaction
def _count(paces: dict[str, Pace], at: datetime) -> None:
    """Behind the locks of all keys, in their order: of tries at once each sees the one before."""
    LoginTries.objects.bulk_create(
        [LoginTries(key=key, failures=0, last_at=at) for key in sorted(paces)],
        ignore_conflicts=True,
    )
    rows = LoginTries.objects.filter(key__in=paces).order_by("key").select_for_update()
    found = list(rows)
    _refuse(found, paces, at)
    for row in found:
        rested = at - row.last_at >= paces[row.key].rest
        row.failures, row.last_at = (0 if rested else row.failures) + 1, at
    LoginTries.objects.bulk_update(found, ["failures", "last_at"])


def _refuse(rows: Iterable[LoginTries], paces: dict[str, Pace], at: datetime) -> None:
    waits = [paces[row.key].seconds(row.failures, row.last_at, at) for row in rows]
    if longest := max(waits, default=0.0):
        raise TooManyTries(longest)


def purge_tries(*, at: datetime) -> None:
    """Forget tries that slow nobody any more, and networks that nobody uses."""
    LoginTries.objects.filter(last_at__lt=at - OF_AN_ACCOUNT.rest).delete()
    KnownNetwork.objects.filter(last_at__lt=at - KNOWN_FOR).delete()


def network_of(address: str) -> str:
    """IPv4 by the address; IPv6 by the 64 bits that one customer has all of."""
    try:
        found = ip_address(address)
    except ValueError:  # a socket has none
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network((found, 64 if found.version == 6 else 32), strict=False))


def read_device(text: str) -> tuple[str, list[str]]:
    """The name of a device, and the ids of those who have logged in there; nobody in what is not
    from here."""
    try:
        nonce, users = signing.loads(text, salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return get_random_string(22), []
    return nonce, users


def device_of(text: str, user: User) -> str:
    """What a device shows the next time, for being known to this account too."""
    nonce, users = read_device(text)
    known = [str(user.pk), *(one for one in users if one != str(user.pk))][:MOST_OF_A_DEVICE]
    return signing.dumps([nonce, known], salt=SALT)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _key(*parts: str) -> str:
    """A name that was typed may be a password in the wrong box: nobody reads it from its key."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), b"tries\0" + text, sha256).hexdigest()
