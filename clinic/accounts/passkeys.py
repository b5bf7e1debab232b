"""Passkeys: a key that a device keeps, and opens with a finger, a face or a PIN of its own.

Note [A passkey opens once for each question]
    1. It answers a challenge that is signed here and holds for five minutes: for a log-in, for one
       person who is asked again, or for one who adds a passkey. Nothing is kept of it until it was
       answered rightly; then its digest is, so the same answer, sent twice or at once, opens once.
    2. The browser signs the address with it. A false page gets answers to its own address only.
    3. Who holds the device is asked by the device, each time: it is both factors.
    4. A device that counts its signatures never counts backwards. If it does there are two.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.utils.crypto import get_random_string
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from clinic.accounts.notices import tell_of_change
from clinic.accounts.second_factor import CodeError, has_codes, is_required
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Passkey, UsedChallenge, User

HOLDS = timedelta(minutes=5)
SALT = "clinic.accounts.passkeys"
MOST = 10  # of one person
OPEN, ADD = "open", "add"
MUST = UserVerificationRequirement.REQUIRED
log = logging.getLogger(__name__)


class PasskeyRefused(CodeError):
    code = "passkey_refused"
    title = gettext_noop("The passkey was not taken")

    def __init__(self) -> None:
        super().__init__(gettext("That passkey was not taken. Try again, or log in without it."))


class TooManyPasskeys(DomainError):
    status = 409
    code = "too_many_passkeys"
    title = gettext_noop("Too many passkeys")

    def __init__(self) -> None:
        super().__init__(
            gettext("You have {most} passkeys. Remove one that you no longer use first.").format(
                most=MOST
            )
        )


class LastFactor(DomainError):
    status = 409
    code = "last_factor"
    title = gettext_noop("The last second factor stays")

    def __init__(self, why: str) -> None:
        super().__init__(why)


def ask_to_open(user: User | None) -> dict[str, Any]:
    """What a browser is asked for: of anybody, to log in, or of one person."""
    keys = None if user is None else _descriptors(user)
    options, _ = _server().authenticate_begin(keys, MUST, challenge=_challenge(OPEN, user))
    return dict(options)


def ask_to_add(user: User) -> dict[str, Any]:
    entity = PublicKeyCredentialUserEntity(
        id=user.pk.bytes, name=user.username, display_name=str(user)
    )
    options, _ = _server().register_begin(
        entity,
        _descriptors(user),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=MUST,
        challenge=_challenge(ADD, user),
    )
    return dict(options)


def open_with(*, answer: str, owner: User | None, at: datetime) -> Passkey:
    """The key that has answered; of its `owner`, if it was asked of one. Raises PasskeyRefused."""
    with _or_refused():
        parsed = AuthenticationResponse.from_dict(json.loads(answer))
        said = parsed.response
    key = Passkey.objects.filter(credential_id=parsed.raw_id).select_related("user").first()
    if key is None or (owner is not None and key.user_id != owner.pk):
        raise PasskeyRefused
    with _or_refused():
        state = _state(said.client_data, OPEN, owner)
        known = AttestedCredentialData(bytes(key.credential))
        _server().authenticate_complete(state, [known], parsed)
    if said.user_handle and said.user_handle != key.user.pk.bytes:
        raise PasskeyRefused
    count = said.authenticator_data.counter
    if not _take(key=key, challenge=said.client_data.challenge, count=count, at=at):
        refused = PasskeyRefused()
        refused.user = key.user
        raise refused
    return key


@retried_transaction
def _take(*, key: Passkey, challenge: bytes, count: int, at: datetime) -> bool:
    """Note [A passkey opens once for each question]."""
    if not _is_first(challenge):
        return False
    goes_on = Q(sign_count__lt=count) if count else Q(sign_count=0)
    held = Passkey.objects.filter(goes_on, pk=key.pk)
    if held.update(sign_count=count, last_used_at=at):
        return True
    tell_of_change(
        user=key.user,
        what=format_lazy(_("a copy of the passkey “{name}” was refused"), name=key.name),
        at=at,
    )
    return False


def _is_first(challenge: bytes) -> bool:
    digest = sha256(challenge).hexdigest()
    return UsedChallenge.objects.get_or_create(sha256=digest)[1]


@retried_transaction
def add_passkey(*, answer: str, name: str, at: datetime, by: User) -> Passkey:
    """Raises PasskeyRefused, TooManyPasskeys."""
    made, challenge = _made(answer, by)
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)
    if Passkey.objects.filter(user=by).count() >= MOST:
        raise TooManyPasskeys
    known = made.credential_data
    if known is None or not _is_first(challenge):
        raise PasskeyRefused
    row, is_new = Passkey.objects.get_or_create(
        credential_id=known.credential_id,
        defaults={
            "user": by,
            "name": name,
            "credential": bytes(known),
            "sign_count": made.counter,
        },
    )
    if not is_new:
        raise PasskeyRefused
    tell_of_change(user=by, what=format_lazy(_("the passkey “{name}” was added"), name=name), at=at)
    return row


def _made(answer: str, by: User) -> tuple[AuthenticatorData, bytes]:
    with _or_refused():
        parsed = RegistrationResponse.from_dict(json.loads(answer))
        client_data = parsed.response.client_data
        made = _server().register_complete(_state(client_data, ADD, by), parsed)
    return made, client_data.challenge


@retried_transaction
def remove_passkey(*, passkey_id: UUID, has_long_password: bool, at: datetime, by: User) -> None:
    """Of their own. What is gone already is no error. Raises LastFactor, for whoever needs a second
    factor, or has a password that is too short to stand alone."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)
    key = Passkey.objects.visible_to(by).filter(pk=passkey_id).first()
    if key is None:
        return
    is_last = not has_codes(by) and not Passkey.objects.filter(user=by).exclude(pk=key.pk).exists()
    if is_last and is_required(by):
        raise LastFactor(gettext("Your account needs a second factor: add another one first."))
    if is_last and not has_long_password:
        raise LastFactor(
            gettext(
                "Your password would stand alone then: it needs 15 characters. Log out, log in "
                "with it, and type it when you are asked who you are."
            )
        )
    key.delete()
    tell_of_change(
        user=by, what=format_lazy(_("the passkey “{name}” was removed"), name=key.name), at=at
    )


def purge_challenges(*, at: datetime) -> None:
    """Those that would not be taken any more anyway."""
    UsedChallenge.objects.filter(created_at__lt=at - 2 * HOLDS).delete()


def _challenge(purpose: str, user: User | None) -> bytes:
    asked = [purpose, str(user.pk) if user else "", get_random_string(22)]
    return signing.dumps(asked, salt=SALT).encode()


def _state(client_data: CollectedClientData, purpose: str, user: User | None) -> dict[str, Any]:
    """What the library compares the answer with. Raises BadSignature, ValueError."""
    asked = signing.loads(client_data.challenge.decode(), salt=SALT, max_age=HOLDS)
    if asked[:2] != [purpose, str(user.pk) if user else ""] or client_data.cross_origin:
        raise ValueError(gettext("It was asked for something else."))
    return {"challenge": websafe_encode(client_data.challenge), "user_verification": MUST}


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    ids = Passkey.objects.filter(user=user).order_by("id").values_list("credential_id", flat=True)
    kind = PublicKeyCredentialType.PUBLIC_KEY
    return [PublicKeyCredentialDescriptor(type=kind, id=bytes(one)) for one in ids]


def _server() -> Fido2Server:
    here = urlsplit(settings.PUBLIC_URL.lower())
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=here.hostname or "", name="Clinic"),
        verify_origin=lambda origin: origin == f"{here.scheme}://{here.netloc}",
    )


@contextmanager
def _or_refused() -> Iterator[None]:
    """Around what reads what was sent, and touches no database."""
    try:
        yield
    except Exception as error:  # each of the library's readers fails in a way of its own
        log.info("a passkey was refused: %s", type(error).__name__)
        raise PasskeyRefused from None
