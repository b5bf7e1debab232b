"""The e-mail address of an account, to which links for a new password go: whoever can change it can
take the account over. So its owner alone does, and others no longer than nobody has opened it.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from clinic.accounts.guessing import Pace, count_alone
from clinic.db.retries import retried_transaction
from clinic.models import AccountNotice, NoticeKind, User

SALT = "clinic.accounts.own_address"
OF_CHANGES = Pace((0, 0, 3600), settings.LOG_IN_LASTS)


class LinkOver(Exception):
    """It held for as long as one to a new password, or something has changed since."""


def may_be_set_by_others(user: User) -> bool:
    """Until its owner has set a password: an invitation may have gone to a wrong address."""
    return not user.has_usable_password()


@retried_transaction
def ask_for_address(*, email: str, at: datetime, by: User) -> None:
    """It becomes theirs by a link that goes there; the one before is told at once. Raises
    TooManyTries."""
    count_alone("address", str(by.pk), pace=OF_CHANGES, at=at)
    notices = [AccountNotice(user=by, kind=NoticeKind.CONFIRM_ADDRESS, email=email, about=email)]
    if by.email:
        notices += [AccountNotice(user=by, kind=NoticeKind.ADDRESS_CHANGES, email=by.email)]
    AccountNotice.objects.bulk_create(notices)


def link_for(user: User, email: str) -> str:
    token = signing.dumps([str(user.pk), email, _state(user)], salt=SALT)
    return f"{settings.PUBLIC_URL}{reverse('own-address-confirm', args=[token])}"


def read_link(token: str) -> tuple[User, str]:
    """Whose address it is to be. Raises LinkOver: also when the password or the address has changed
    since, as whoever was told that it was not them does."""
    try:
        pk, email, state = signing.loads(token, salt=SALT, max_age=settings.PASSWORD_RESET_TIMEOUT)
    except signing.BadSignature:
        raise LinkOver from None
    user: Any = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or state != _state(user):
        raise LinkOver
    return user, email


@retried_transaction
def confirm_address(*, token: str, at: datetime) -> User:
    """Raises LinkOver."""
    user, email = read_link(token)
    locked: User = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    if _state(locked) != _state(user):
        raise LinkOver
    locked.email = email
    locked.save(update_fields=["email"])
    return locked


def _state(user: User) -> str:
    return salted_hmac(SALT, f"{user.password}\0{user.email}", algorithm="sha256").hexdigest()[:32]
