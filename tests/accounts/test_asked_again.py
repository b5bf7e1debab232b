"""Before roles and keys are given, a screen that somebody has left asks who is there."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.log_ins import PROVED
from clinic.http.middleware.proof import ASKED_AGAIN
from clinic.models import Clinic, Role, User
from tests.accounts.test_second_factor import PASSWORD, App, now
from tests.support.accesses import Watch
from tests.support.forms import fields_of

PROOF = "/admin/proof/"
pytestmark = pytest.mark.django_db


@pytest.fixture
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


def address(name: str, clinic: Clinic, user: User) -> str:
    row = {"admin:clinic_user_change": user, "admin:clinic_clinic_change": clinic}.get(name)
    return reverse(name, args=[row.pk] if row else [])


@pytest.mark.parametrize("name", sorted(ASKED_AGAIN))
def test_it_opens_for_whoever_says_who_they_are(
    page: Client, clinic: Clinic, dana: User, name: str
) -> None:
    there, watch = address(name, clinic, dana), Watch()

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


def test_other_pages_ask_nobody(page: Client, clinic: Clinic) -> None:
    assert page.get("/admin/").status_code == 200
    assert page.get("/admin/clinic/user/").status_code == 200
