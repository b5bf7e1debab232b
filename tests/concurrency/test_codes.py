"""One code at the same moment: it opens once."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from clinic.accounts import second_factor
from clinic.accounts.second_factor import WrongCode, check_code
from clinic.models import SecondFactor, User
from tests.accounts.test_second_factor import App, shown
from tests.concurrency.conftest import race
from tests.factories import NINE, UserFactory

AT_ONCE = 8
LATER = NINE + timedelta(hours=1)


def tries(user: User, code: str) -> dict[str, int]:
    def one() -> str:
        try:
            check_code(user=user, code=code, at=LATER)
        except WrongCode:
            return "refused"
        return "in"

    return dict(race(*[one] * AT_ONCE))


@pytest.mark.parametrize("kind", ["app", "paper"])
def test_a_code_opens_once_however_often_it_is_sent_at_once(kind: str) -> None:
    user = UserFactory()
    app = App(user, NINE)
    code = shown(app.secret, LATER) if kind == "app" else app.recovery[0]

    assert tries(user, code) == {"in": 1, "refused": AT_ONCE - 1}


def test_looking_first_and_writing_then_lets_more_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control arm."""
    all_have_looked = threading.Barrier(AT_ONCE, timeout=30)

    def take(factor: SecondFactor, typed: str, at: Any) -> bool:
        step = second_factor._step_of(
            second_factor._cipher().decrypt(bytes(factor.secret)), typed, at
        )
        is_new = step is not None and factor.last_step < step
        all_have_looked.wait()
        SecondFactor.objects.filter(pk=factor.pk).update(last_step=step)
        return is_new

    user = UserFactory()
    app = App(user, NINE)
    monkeypatch.setattr(second_factor, "_take_code", take)

    assert tries(user, shown(app.secret, LATER)) == {"in": AT_ONCE}
