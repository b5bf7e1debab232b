"""On a tablet that several people share they take turns by PIN.

Note [Who may come in by PIN]
    1. Whoever has logged in on this very device with all that their account needs, for as long as
       that log-in would last at the most. A session that they come into by PIN ends then too.
    2. Until something ends their log-ins: a trigger of `User`, and what ends them on the pages.
    3. A PIN is no proof: where roles, keys and accounts are changed, they are asked for more.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from clinic.accounts.guessing import read_device
from clinic.accounts.second_factor import is_missing
from clinic.accounts.signing import is_theirs
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import DeviceStay, User


class CannotSwitch(DomainError):
    status = 403
    code = "cannot_switch"
    title = gettext_noop("That PIN opens nothing here")

    def __init__(self) -> None:
        super().__init__(
            gettext("That is not the PIN, or this device does not know you any more: log in.")
        )


@retried_transaction
def remember_here(*, device: str, at: datetime, by: User) -> str:
    """From a log-in on. Answers what names the device in a session."""
    digest = _digest(device)
    if not is_missing(by):
        DeviceStay.objects.update_or_create(user=by, device=digest, defaults={"began_at": at})
    return digest


def people_here(*, device: str, at: datetime, beside: User | None) -> list[User]:
    """Who may come in by PIN: colleagues of whoever is there, by name."""
    found = User.objects.filter(pk__in=_stays(device, at).values("user"), is_active=True)
    if beside is not None:
        found = found.visible_to(beside).exclude(pk=beside.pk)
    return sorted(found, key=str)


def enter_by_pin(
    *, device: str, user_id: UUID | None, pin: str, at: datetime, beside: User | None
) -> DeviceStay:
    """Raises CannotSwitch, TooManyTries."""
    people = {one.pk: one for one in people_here(device=device, at=at, beside=beside)}
    person = people.get(user_id) if user_id else None
    if person is None or not is_theirs(secret=pin, at=at, by=person, pin_only=True):
        raise CannotSwitch
    stay: DeviceStay = _stays(device, at).select_related("user").get(user=person)
    return stay


def _stays(device: str, at: datetime) -> Any:
    since = at - settings.LOG_IN_LASTS
    return DeviceStay.objects.filter(device=_digest(device), began_at__gt=since)


def _digest(device: str) -> str:
    """Of what the device shows, signed here; of anything else it is that of no device."""
    return sha256(read_device(device)[0].encode()).hexdigest()
