"""A tablet that several people share: the next one comes in by PIN, and nothing of the one before
is left there."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from clinic.accounts.log_ins import PROVED, SINCE, end_all_log_ins, end_log_in
from clinic.accounts.signing import set_pin
from clinic.models import Clinic, DeviceStay, LogIn, LoginTries, Role, User
from tests.accounts.test_passkeys import OPTIONS, PROOF, here, with_key
from tests.accounts.test_second_factor import PASSWORD
from tests.factories import ClinicFactory, UserFactory
from tests.support.accesses import Watch

PIN, OTHER = "730164", "590271"
PAGE, NEXT = "/admin/login/switch/", "/admin/week/"
__all__ = ["here"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def people(alice: User, clinic: Clinic) -> tuple[User, User]:
    bob = UserFactory(role=Role.PRACTITIONER, clinic=clinic)
    for user, pin in ((alice, PIN), (bob, OTHER)):
        user.set_password(PASSWORD)
        user.is_staff = True
        user.save()
        set_pin(pin=pin, at=timezone.now(), by=user)
    return alice, bob


@pytest.fixture
def tablet(people: tuple[User, User]) -> Client:
    """On which both have logged in, Bob last."""
    client = Client()
    for user in people:
        log_in(client, user)
    return client


def log_in(client: Client, user: User) -> None:
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})


def take_over(client: Client, user: Any, pin: str) -> Any:
    return client.post(PAGE, {"person": str(user.pk), "pin": pin, "next": NEXT})


def who(client: Client) -> Any:
    page = client.get("/admin/log-ins/")
    return page.context["user"] if page.status_code == 200 else None


def test_a_colleague_takes_over_by_pin_and_the_one_before_is_out(
    tablet: Client, people: tuple[User, User]
) -> None:
    alice, bob = people
    before, watch = tablet.session.session_key, Watch()
    page = tablet.get(f"{PAGE}?next={NEXT}").content.decode()
    assert (str(alice) in page, f'value="{bob.pk}"' in page) == (True, False)
    held = tablet.session
    held["typed"] = "by Bob"
    held.save()

    for wrong in ("730165", OTHER, ""):
        assert b"not the PIN" in take_over(tablet, alice, wrong).content
        LoginTries.objects.all().delete()
        assert who(tablet) == bob
    assert take_over(tablet, alice, PIN)["Location"] == NEXT

    assert who(tablet) == alice
    assert not Session.objects.filter(session_key=before).exists()
    assert not LogIn.objects.filter(session_key=before).exists()
    assert "typed" not in tablet.session
    switched = [(row.actor_id, row.outcome) for row in watch.rows() if row.place == "switch"]
    assert switched == [*[(bob.pk, "REFUSED")] * 3, (alice.pk, "DONE")]
    assert take_over(tablet, bob, OTHER)["Location"] == NEXT
    assert who(tablet) == bob


def test_guesses_are_slowed(tablet: Client, people: tuple[User, User]) -> None:
    alice, _ = people
    tried = [take_over(tablet, alice, pin).status_code for pin in ("1", "2", "3", PIN)]

    assert tried == [200, 200, 200, 429]


def test_only_where_they_have_logged_in_and_only_for_some_hours(
    tablet: Client, people: tuple[User, User], settings: Any
) -> None:
    alice, bob = people
    elsewhere, forged = Client(), Client()
    log_in(elsewhere, bob)
    forged.cookies["device"] = "x" + tablet.cookies["device"].value
    for client in (elsewhere, forged, Client()):
        assert str(alice) not in client.get(PAGE).content.decode()
        assert b"not the PIN" in take_over(client, alice, PIN).content

    tablet.cookies.pop("sessionid")  # left alone for long
    assert str(alice) in tablet.get(PAGE).content.decode()
    began = timezone.now() - settings.LOG_IN_LASTS + timedelta(minutes=1)
    DeviceStay.objects.filter(user=alice).update(began_at=began)
    take_over(tablet, alice, PIN)
    assert who(tablet) == alice
    assert tablet.session[SINCE] == began.timestamp()  # it ends when that log-in would have

    DeviceStay.objects.filter(user=alice).update(began_at=began - timedelta(minutes=2))
    tablet.cookies.pop("sessionid")
    assert b"not the PIN" in take_over(tablet, alice, PIN).content


@pytest.mark.parametrize(
    "end", ["password", "role", "is_active", "end all", "end one", "log out", "no second factor"]
)
def test_what_ends_log_ins_ends_it(
    end: str, tablet: Client, people: tuple[User, User], settings: Any
) -> None:
    alice, _ = people
    take_over(tablet, alice, PIN)
    if end in ("password", "role", "is_active"):
        new = {"password": "x", "role": Role.MANAGER, "is_active": False}
        User.objects.filter(pk=alice.pk).update(**{end: new[end]})
    elif end == "end all":
        end_all_log_ins(at=timezone.now(), by=alice)
    elif end == "end one":
        row = LogIn.objects.filter(user=alice).latest("id")
        end_log_in(log_in_id=row.pk, at=timezone.now(), by=alice)
    elif end == "log out":
        tablet.post("/admin/logout/")
    else:
        settings.SECOND_FACTOR_ROLES = [Role.PRACTITIONER]
        DeviceStay.objects.all().delete()
        log_in(tablet, alice)
    tablet.cookies.pop("sessionid", None)

    assert not DeviceStay.objects.filter(user=alice).exists()
    assert b"not the PIN" in take_over(tablet, alice, PIN).content


def test_who_works_elsewhere_is_not_named(tablet: Client, people: tuple[User, User]) -> None:
    alice, bob = people
    alice.clinics.set([ClinicFactory()])

    assert str(alice) not in tablet.get(PAGE).content.decode()
    assert b"not the PIN" in take_over(tablet, alice, PIN).content
    assert who(tablet) == bob


def test_a_pin_proves_nothing_where_roles_are_given(
    tablet: Client, people: tuple[User, User], manager: User
) -> None:
    alice, _ = people
    take_over(tablet, alice, PIN)

    assert tablet.session[PROVED] == 0
    assert tablet.get("/admin/passkeys/")["Location"].startswith(PROOF)


def test_a_passkey_takes_over_too(tablet: Client, people: tuple[User, User]) -> None:
    alice, _ = people
    answer = with_key(alice).get(tablet.get(f"{OPTIONS}?any=1").json())
    assert tablet.post(PAGE, {"passkey": "{}"}).status_code == 200
    assert tablet.post(PAGE, {"passkey": answer, "next": "//evil.example"})["Location"] == "/admin/"
    assert who(tablet) == alice
