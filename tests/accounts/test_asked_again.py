"""Before roles and keys are given, a screen that somebody has left asks who is there."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.log_ins import PROVED
from clinic.accounts.second_factor import is_set
from clinic.models import Clinic, Role, User
from tests.accounts.test_second_factor import PASSWORD, App, now
from tests.support.accesses import Watch
from tests.support.forms import fields_of
from tests.support.kept import kept

PROOF = "/admin/proof/"
pytestmark = pytest.mark.django_db


@kept
def boss(manager: User) -> User:
    manager.set_password(PASSWORD)
    manager.is_staff = True
    manager.save()
    return manager


@pytest.fixture
def page(boss: User) -> Client:
    """Logged in some time ago."""
    client = Client()
    client.force_login(boss)
    return left(client, 11)


def left(client: Client, minutes: int) -> Client:
    """Since they have said last who they are."""
    session = client.session
    session[PROVED] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    session.save()
    return client


@pytest.mark.parametrize("named", ["user/add", "user/{dana}/change", "clinic/{clinic}/change"])
def test_it_opens_for_whoever_says_who_they_are(
    page: Client, clinic: Clinic, dana: User, named: str
) -> None:
    there = f"/admin/clinic/{named.format(dana=dana.pk, clinic=clinic.pk)}/"
    watch = Watch()

    asked = page.get(f"{there}?a=1&b=2")
    assert asked["Location"] == f"{PROOF}?next={quote(f'{there}?a=1&b=2', safe='')}"
    shown = page.get(asked["Location"])
    assert shown.status_code == 200

    wrong = page.post(PROOF, {"password": "wrong", "next": there})
    assert wrong.status_code == 200
    assert page.get(there).status_code == 302

    right = page.post(PROOF, {"next": shown.context["next"], "password": PASSWORD})
    assert right["Location"] == f"{there}?a=1&b=2"
    assert page.get(there).status_code == 200
    tried = [(row.place, row.outcome) for row in watch.rows() if row.place == "proof"]
    assert tried == [("proof", "REFUSED"), ("proof", "DONE")]


def test_nothing_is_done_before(page: Client, dana: User) -> None:
    there = reverse("admin:clinic_user_change", args=[dana.pk])
    left(page, 0)
    typed = {**fields_of(page.get(there)), "role": Role.MANAGER}

    left(page, 31)
    assert page.post(there, typed)["Location"].startswith(PROOF)
    dana.refresh_from_db()
    assert dana.role == Role.RECEPTIONIST

    left(page, 29)  # it was opened in time, and took long to fill in
    assert page.post(there, typed)["Location"].startswith("/admin/clinic/user/")
    dana.refresh_from_db()
    assert dana.role == Role.MANAGER


def test_it_holds_for_ten_minutes_from_a_log_in(boss: User, dana: User) -> None:
    client, there = Client(), reverse("admin:clinic_user_change", args=[dana.pk])
    client.post("/admin/login/", {"username": boss.username, "password": PASSWORD})

    assert client.get(there).status_code == 200
    assert left(client, 9).get(there).status_code == 200
    assert left(client, 10).get(there).status_code == 302


def test_the_password_alone_is_not_enough_where_there_is_more(page: Client, boss: User) -> None:
    app = App(boss, timezone.now() - timedelta(days=1))
    client = left(page, 11)

    assert client.post(PROOF, {"password": PASSWORD}).status_code == 200
    assert client.post(PROOF, {"password": PASSWORD, "code": "000000"}).status_code == 200
    assert client.post(PROOF, {"password": PASSWORD, "code": now(app)}).status_code == 302


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_it_leads_nowhere_else(page: Client, away: str) -> None:
    answer: Any = page.post(PROOF, {"password": PASSWORD, "next": away})

    assert answer["Location"] == "/admin/"


def test_every_page_and_button_of_accounts_and_clinics_asks_but_lists(
    page: Client, clinic: Clinic, dana: User
) -> None:
    """As the admin names them: a page or button that is added asks by itself."""
    tried = 0
    left(page, 31)
    for model, row in ((User, dana), (Clinic, clinic)):
        for pattern in admin.site._registry[model].get_urls():
            if pattern.name is None:  # an old address that leads to another
                continue
            args = [row.pk] if pattern.pattern.regex.groups else []
            there = reverse(f"admin:{pattern.name}", args=args)
            is_read = pattern.name.endswith(("_changelist", "_history"))
            assert page.post(there)["Location"].startswith(PROOF), there
            assert page.get(there).get("Location", "").startswith(PROOF) != is_read, there
            tried += 1
    assert tried >= 10


def test_a_second_factor_of_a_colleague_is_not_ended_before(page: Client, dana: User) -> None:
    App(dana, timezone.now())
    press = {"action": "end_second_factor", "_selected_action": [str(dana.pk)]}

    assert page.post("/admin/clinic/user/", press)["Location"].startswith(PROOF)
    assert is_set(dana)

    left(page, 0).post("/admin/clinic/user/", press)
    assert not is_set(dana)


def test_other_pages_ask_nobody(page: Client) -> None:
    assert page.get("/admin/").status_code == 200
