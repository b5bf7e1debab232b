"""Many guess at the same moment: each sees the one before."""

import pytest

from clinic.accounts import guessing
from clinic.accounts.guessing import TooManyTries
from clinic.models import LoginTries
from tests.concurrency.conftest import race, waiting_for_each_other
from tests.factories import NINE


def guess() -> str:
    try:
        guessing.count_try(name="ada", address="198.51.100.1", device="", at=NINE)
    except TooManyTries:
        return "told to wait"
    return "checked"


def test_three_are_checked_however_many_come_at_once() -> None:
    assert race(*[guess] * 12) == {"checked": 3, "told to wait": 9}


def test_without_the_locks_more_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control arm: both have looked before either writes."""
    guess(), guess()
    monkeypatch.setattr(type(LoginTries.objects.all()), "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(guessing, "_refuse", waiting_for_each_other()(guessing._refuse))

    assert race(guess, guess) == {"checked": 2}
