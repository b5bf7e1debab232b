"""Whoever signs, or goes on in spite of a rule, says again who they are: where a clinic asks for it
(decision 0081). With a PIN, which is quick and opens nothing by itself, a password, or a passkey.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.accounts.guessing import OF_AN_ACCOUNT, count_alone, forget_alone
from clinic.accounts.notices import tell_of_change
from clinic.accounts.passkeys import open_with
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Clinic, Pin, User

FIELD = "signed_with"
LEAST, MOST = 6, 12  # digits
TRIES = "signature"  # of one account, wherever it is asked


class SignatureNeeded(DomainError):
    status = 403
    code = "signature_needed"
    title = gettext_noop("Say again who you are")

    def __init__(self) -> None:
        super().__init__(
            gettext("This clinic asks who signs: type your PIN or your password."), field=FIELD
        )


class WrongSignature(DomainError):
    status = 403
    code = "wrong_signature"
    title = gettext_noop("That is not your PIN or password")

    def __init__(self) -> None:
        super().__init__(gettext("That is neither your PIN nor your password."), field=FIELD)


class PinTooEasy(DomainError):
    code = "pin_too_easy"
    title = gettext_noop("This PIN is guessed at once")


def require_signer(
    *, clinic: Clinic, secret: str, at: datetime, by: User, passkey: str = ""
) -> None:
    """Outside of the transaction that is signed: a wrong try stays counted. Raises SignatureNeeded,
    WrongSignature, PasskeyRefused, TooManyTries."""
    if not clinic.asks_who_signs:
        return
    if passkey and not secret:
        open_with(answer=passkey, owner=by, at=at)
    elif not secret:
        raise SignatureNeeded
    elif not is_theirs(secret=secret, at=at, by=by):
        raise WrongSignature


def is_theirs(*, secret: str, at: datetime, by: User, pin_only: bool = False) -> bool:
    """Counted before it is looked at, as at a log-in. Raises TooManyTries."""
    count_alone(TRIES, str(by.pk), pace=OF_AN_ACCOUNT, at=at)
    pin = Pin.objects.filter(user=by).first() if secret.isdecimal() else None
    right = (pin is not None and check_password(secret, pin.hashed)) or (
        not pin_only and check_password(secret, by.password)
    )
    if right:
        forget_alone(TRIES, str(by.pk))
    return right


@retried_transaction
def set_pin(*, pin: str, at: datetime, by: User) -> None:
    """In place of the one before. Raises PinTooEasy."""
    if not (pin.isascii() and pin.isdecimal() and LEAST <= len(pin) <= MOST):
        raise PinTooEasy(
            gettext("A PIN has {least} to {most} digits.").format(least=LEAST, most=MOST),
            field="pin",
        )
    if _is_easy(pin):
        raise PinTooEasy(
            gettext("This one is tried first. Take digits without a pattern."), field="pin"
        )
    Pin.objects.update_or_create(user=by, defaults={"hashed": make_password(pin)})
    tell_of_change(user=by, what=_("a PIN was set"), at=at)


@retried_transaction
def remove_pin(*, at: datetime, by: User) -> None:
    if Pin.objects.filter(user=by).delete()[0]:
        tell_of_change(user=by, what=_("the PIN was removed"), at=at)


def _is_easy(pin: str) -> bool:
    """One or two digits over and over, a piece that comes again, steps, and days of a life."""
    digits = [int(one) for one in pin]
    steps = {(b - a) % 10 for a, b in pairwise(digits)}
    half = len(pin) // 2
    repeats = any(pin == pin[:size] * (len(pin) // size) for size in range(1, half + 1))
    return len(set(pin)) < 3 or len(steps) == 1 or repeats or pin == pin[::-1] or _is_day(pin)


def _is_day(pin: str) -> bool:
    """Such as 120587, 12051987 or 19870512."""
    orders = {6: ("%d%m%y", "%m%d%y", "%y%m%d"), 8: ("%d%m%Y", "%m%d%Y", "%Y%m%d")}
    return any(_reads_as(pin, order) for order in orders.get(len(pin), ()))


def _reads_as(pin: str, order: str) -> bool:
    try:
        year: Any = datetime.strptime(pin, order).year  # noqa: DTZ007  a day, of no clock
    except ValueError:
        return False
    return 1900 <= int(year) <= 2099
