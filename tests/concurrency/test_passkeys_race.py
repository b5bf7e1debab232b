"""One answer of a passkey at the same moment: it opens once."""

import threading
from typing import Any

import pytest
from django.utils import timezone

from clinic.accounts import passkeys
from clinic.accounts.passkeys import PasskeyRefused, ask_to_open, open_with
from clinic.models import UsedChallenge
from tests.accounts.test_passkeys import here as here
from tests.accounts.test_passkeys import with_key
from tests.concurrency.conftest import race
from tests.factories import UserFactory

AT_ONCE = 8


def tries() -> dict[str, int]:
    """Of a key that several devices share: no count says that it was used."""
    answer = with_key(UserFactory(), counts=False).get(ask_to_open(None))

    def one() -> str:
        try:
            open_with(answer=answer, owner=None, at=timezone.now())
        except PasskeyRefused:
            return "refused"
        return "in"

    return dict(race(*[one] * AT_ONCE))


def test_an_answer_opens_once_however_often_it_is_sent_at_once() -> None:
    assert tries() == {"in": 1, "refused": AT_ONCE - 1}


def test_looking_first_and_writing_then_lets_more_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control arm."""
    all_have_looked = threading.Barrier(AT_ONCE, timeout=30)
    is_first = passkeys._is_first

    def look(challenge: bytes) -> bool:
        if threading.current_thread() is threading.main_thread():
            return is_first(challenge)  # the one that adds it
        rows: Any = UsedChallenge.objects.filter(sha256=challenge.hex())
        is_new = not rows.exists()
        all_have_looked.wait()
        return is_new

    monkeypatch.setattr(passkeys, "_is_first", look)
    assert tries() == {"in": AT_ONCE}
