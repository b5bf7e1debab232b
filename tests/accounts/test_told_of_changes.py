"""Whoever has an account is told by mail of each change of what opens it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.accounts.notices import send_notices
from clinic.accounts.passwords import start_anew
from clinic.accounts.second_factor import (
    WrongCode,
    check_code,
    remove_second_factor,
    renew_recovery_codes,
)
from clinic.models import AccountNotice, User
from tests.accounts.test_second_factor import LONG, PASSWORD, App, now
from tests.support.marked_words import BEGIN, END, words_marked

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(alice: User) -> User:
    """Somebody who has logged in, if only by the API."""
    alice.set_password(PASSWORD)
    alice.email, alice.is_staff = "ada@clinic.example", True
    alice.save()
    APIClient().post("/api/v1/auth/login/", {"username": "alice", "password": PASSWORD})
    return alice


def told() -> list[str]:
    """What was changed, as it was told since this was asked last."""
    notices = AccountNotice.objects.order_by("id")
    words = [notice.about.split(",")[0] for notice in notices]
    notices.delete()
    return words


def test_of_a_second_factor_from_its_first_code_to_its_end(ada: User) -> None:
    at = timezone.now()

    app = App(ada, at - timedelta(days=1))
    assert told() == ["a second factor was set up"]

    check_code(user=ada, code=now(app), at=at)
    with pytest.raises(WrongCode):
        check_code(user=ada, code="0000-0000-0000-0000", at=at)
    assert told() == []

    check_code(user=ada, code=app.recovery[0], at=at)
    assert told() == ["a recovery code was used up"]

    renew_recovery_codes(at=at, by=ada)
    assert told() == ["new recovery codes were made"]

    remove_second_factor(at=at, by=ada)
    remove_second_factor(at=at, by=ada)  # there is none any more
    assert told() == ["the second factor was ended"]


def test_of_what_somebody_else_has_ended(ada: User, manager: User) -> None:
    App(ada, timezone.now())
    told()

    start_anew(user=ada, at=timezone.now(), by=manager)

    assert told() == ["the second factor was ended", "the password was changed"]


def test_of_a_new_password_by_whichever_door(ada: User, monkeypatch: Any) -> None:
    page = Client()
    page.force_login(ada)
    typed = {"old_password": PASSWORD, "new_password1": LONG, "new_password2": LONG}
    assert page.post("/admin/password_change/", typed).status_code == 302
    assert told() == ["the password was changed"]

    answers = iter([LONG[::-1]] * 2)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    call_command("changepassword", "alice", verbosity=0)
    assert told() == ["the password was changed"]


def test_the_first_password_is_no_change(dana: User) -> None:
    dana.set_password(LONG)
    dana.email = "dana@clinic.example"
    dana.save()

    assert told() == []


def test_it_says_what_and_when_and_what_to_do(ada: User, mailoutbox: list[Any]) -> None:
    ada.set_password(LONG)
    ada.save()
    send_notices(at=timezone.now())

    [said] = mailoutbox
    assert (said.to, said.subject) == ([ada.email], "What opens your account was changed")
    assert "In the account alice the password was changed, " in said.body
    assert "(CE" in said.body  # on the clinic's clock
    assert "/admin/password/" in said.body


def test_without_an_address_nobody_is_told(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(email="")
    ada.refresh_from_db()

    App(ada, timezone.now())

    assert told() == []


def test_it_is_told_in_the_language_of_the_account_whoever_changed_it(
    ada: User, mailoutbox: list[Any]
) -> None:
    ada.language = "es"
    ada.save()
    at = timezone.now()

    with words_marked("es"):
        App(ada, at - timedelta(days=1))
        send_notices(at=timezone.now())

    mail = mailoutbox[-1]
    assert mail.subject.startswith(BEGIN)
    assert f"{BEGIN}a second factor was set up{END}" in mail.body
    (notice,) = AccountNotice.objects.all()
    assert BEGIN in notice.about
