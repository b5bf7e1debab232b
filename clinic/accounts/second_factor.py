"""A second factor at log-in: codes of an app, and codes on paper for when it is lost.

Note [Codes open once]
    1. A code of the app holds for its half minute and one before and after, for a clock that is
       off. Its step is written down as it is taken, by the statement that asks for a later one:
       the same code, sent twice or at once, opens once.
    2. A code of the paper is taken out of the row by the statement that looks for it.
    3. A wrong code is a wrong password: it is counted with them (clinic.accounts.backend).
"""

import logging
import re
import secrets
import unicodedata
from base64 import b32decode, b32encode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db.models import F, Func, Value
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.accounts.notices import tell_of_change
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Passkey, SecondFactor, User

STEP, DIGITS = 30, 6  # seconds; what all apps take without being told
DRIFT = (0, -1, 1)  # in steps
OF_RECOVERY = 10
log = logging.getLogger(__name__)


class CodeError(DomainError):
    """The password was right, and that is not enough. `user` is whose it was."""

    status = 401
    user: User | None = None


class SecondFactorRequired(CodeError):
    code = "second_factor_required"
    title = gettext_noop("A code is needed as well")

    def __init__(self) -> None:
        super().__init__(
            gettext("Type the code of your app too, or a recovery code, or use your passkey.")
        )


class WrongCode(CodeError):
    code = "wrong_code"
    title = gettext_noop("The code is wrong")

    def __init__(self) -> None:
        super().__init__(gettext("That code is wrong, or was used before. Wait for the next one."))


class SecondFactorMissing(DomainError):
    status = 403
    code = "second_factor_missing"
    title = gettext_noop("A second factor must be set up first")

    def __init__(self) -> None:
        super().__init__(
            gettext(
                "This account needs a second factor. Log in to the staff's pages, and set it up "
                "there."
            )
        )


def is_set(user: User) -> bool:
    """Without it the right password opens nothing."""
    return has_codes(user) or has_passkeys(user)


def has_codes(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()


def has_passkeys(user: User) -> bool:
    return Passkey.objects.filter(user=user).exists()


def is_required(user: User) -> bool:
    """By the role, or by a clinic that asks all of its people."""
    by_role = user.role in settings.SECOND_FACTOR_ROLES
    return by_role or any(clinic.requires_second_factor for clinic in user.works_at)


def is_missing(user: User) -> bool:
    return is_required(user) and not is_set(user)


def check_code(*, user: User, code: str, at: datetime) -> None:
    """For whoever has a second factor. Raises SecondFactorRequired, WrongCode."""
    factor = SecondFactor.objects.filter(user=user).first()
    if factor is None:
        if has_passkeys(user):
            raise SecondFactorRequired
        return
    typed = _plain(code)
    if not typed:
        raise SecondFactorRequired
    if not _take_code(factor, typed, at) and not _take_recovery(factor, typed, at):
        raise WrongCode


def _take_code(factor: SecondFactor, typed: str, at: datetime) -> bool:
    try:
        secret = _cipher().decrypt(bytes(factor.secret))
    except InvalidToken:  # recovery codes open without it
        log.error("a second factor was sealed with a key that is not in SECOND_FACTOR_KEYS")
        return False
    step = _step_of(secret, typed, at)
    if step is None:
        return False
    earlier = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
    return earlier.update(last_step=step) == 1


def _take_recovery(factor: SecondFactor, typed: str, at: datetime) -> bool:
    digest = _digest(typed)
    held = SecondFactor.objects.filter(pk=factor.pk, recovery_sha256__contains=[digest])
    left = Func(F("recovery_sha256"), Value(digest), function="array_remove")
    if not held.update(recovery_sha256=left):
        return False
    tell_of_change(user=factor.user, what=_("a recovery code was used up"), at=at)
    return True


def new_secret() -> str:
    """160 bits, as an app takes them where its camera does not."""
    return b32encode(secrets.token_bytes(20)).decode()


def address_of(secret: str, user: User) -> str:
    """What the picture says to the app."""
    return _totp(b32decode(secret)).get_provisioning_uri(
        user.username, urlsplit(settings.PUBLIC_URL).hostname
    )


def seal(secret: str) -> str:
    """To be kept where a copy of the database has it too: in a session."""
    return _cipher().encrypt(b32decode(secret)).decode()


def unseal(kept: str) -> str:
    """A new one, if that is not from here."""
    try:
        return b32encode(_cipher().decrypt(kept)).decode()
    except InvalidToken:
        return new_secret()


@retried_transaction
def set_second_factor(*, secret: str, code: str, at: datetime, by: User) -> list[str]:
    """Their own, in place of one that they have; answers new recovery codes, which are told once.
    Raises WrongCode: the app shows something else."""
    opened = b32decode(secret)
    step = _step_of(opened, _plain(code), at)
    if step is None:
        raise WrongCode
    codes = _recovery_codes()
    told = {"recovery_sha256": [_digest(_plain(one)) for one in codes]}
    sealed = {"secret": _cipher().encrypt(opened), "last_step": step}
    SecondFactor.objects.update_or_create(user=by, defaults={**sealed, **told})
    tell_of_change(user=by, what=_("a second factor was set up"), at=at)
    return codes


@retried_transaction
def renew_recovery_codes(*, at: datetime, by: User) -> list[str]:
    """Those before open nothing any more."""
    codes = _recovery_codes()
    told = [_digest(_plain(one)) for one in codes]
    SecondFactor.objects.filter(user=by).update(recovery_sha256=told)
    tell_of_change(user=by, what=_("new recovery codes were made"), at=at)
    return codes


@retried_transaction
def remove_codes(*, at: datetime, by: User) -> None:
    """Passkeys stay."""
    if SecondFactor.objects.filter(user=by).delete()[0]:
        tell_of_change(user=by, what=_("the codes of an app were turned off"), at=at)


@retried_transaction
def remove_second_factor(*, at: datetime, by: User) -> None:
    """All that there is beside the password."""
    ended = [rows.filter(user=by).delete()[0] for rows in (SecondFactor.objects, Passkey.objects)]
    if any(ended):
        tell_of_change(user=by, what=_("the second factor was ended"), at=at)


def _step_of(secret: bytes, typed: str, at: datetime) -> int | None:
    """The half minute in which the app showed this code."""
    totp, now = _totp(secret), int(at.timestamp()) // STEP
    for drift in DRIFT:
        step = now + drift
        if compare_digest(totp.generate(step * STEP), typed.encode()):
            return step
    return None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303  RFC 6238, and what apps know


def _recovery_codes() -> list[str]:
    """80 bits each, so a plain hash of them is enough; in fours, to be copied by hand."""
    texts = [b32encode(secrets.token_bytes(10)).decode().casefold() for _ in range(OF_RECOVERY)]
    return ["-".join(re.findall("....", text)) for text in texts]


def _digest(plain: str) -> str:
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(code: str) -> str:
    """As it was shown, whoever typed it with spaces or in capitals."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).casefold()


def _cipher() -> MultiFernet:
    keys = (sha256(b"second factor\0" + key.encode()) for key in settings.SECOND_FACTOR_KEYS)
    return MultiFernet([Fernet(urlsafe_b64encode(key.digest())) for key in keys])
