"""Of a log-in on a new device its owner is told by mail, once a device."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.accounts.notices import send_notices
from clinic.models import AccountNotice, KnownNetwork, User
from tests.accounts.test_second_factor import PASSWORD
from tests.support.kept import kept

FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18.0 Safari/605"
pytestmark = pytest.mark.django_db


@kept
def ada(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.email, alice.is_staff = "ada@clinic.example", True
    alice.save()
    return alice


def log_in(client: Client, address: str, agent: str = FIREFOX, password: str = PASSWORD) -> int:
    typed = {"username": "alice", "password": password}
    headers = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent}
    client.post("/admin/login/", typed, **headers)  # type: ignore[arg-type]
    return AccountNotice.objects.count()


def test_each_new_device_is_told_once(ada: User, mailoutbox: list[Any]) -> None:
    mine = Client()
    assert log_in(mine, "203.0.113.7") == 0  # the first of all
    assert log_in(mine, "198.51.100.9") == 0  # it shows that it is known, wherever it is
    assert log_in(Client(), "203.0.113.7") == 0  # such a one was used there
    assert log_in(Client(), "192.0.2.5", password="wrong") == 0
    assert log_in(Client(), "192.0.2.5", SAFARI) == 1
    assert log_in(Client(), "192.0.2.5", SAFARI) == 1
    assert log_in(Client(), "203.0.113.7", SAFARI) == 2
    send_notices(at=timezone.now())

    said = mailoutbox[0]
    assert [one.to for one in mailoutbox] == [[ada.email]] * 2
    assert "with Safari on iPhone, from 192.0.2.5, " in said.body
    assert "(CE" in said.body  # on the clinic's clock
    assert "/admin/password/" in said.body


def test_a_front_end_without_a_device_token_fills_no_mailbox(ada: User) -> None:
    for number in range(6):
        typed = {"username": "alice", "password": PASSWORD}
        answer = APIClient(REMOTE_ADDR=f"192.0.2.{number}").post("/api/v1/auth/login/", typed)
        assert answer.status_code == 200

    assert AccountNotice.objects.count() == 3


def test_a_place_from_before_this_was_noted_is_no_news(ada: User) -> None:
    for network in ("203.0.113.7/32", "192.0.2.5/32"):
        KnownNetwork.objects.create(user=ada, network=network, last_at=timezone.now())

    assert log_in(Client(), "203.0.113.7") == 0
    assert log_in(Client(), "203.0.113.7", SAFARI) == 1
