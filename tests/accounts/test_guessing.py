"""Whoever guesses is slowed; whoever knows their password comes in meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.accounts import guessing
from clinic.accounts.guessing import (
    OF_A_NETWORK,
    OF_AN_ACCOUNT,
    OF_STRANGERS,
    Pace,
    TooManyTries,
    count_try,
    device_of,
    network_of,
    purge_tries,
    take_back,
)
from clinic.models import KnownNetwork, LoginTries, User
from tests.conftest import client_of
from tests.factories import DAY, NINE, UserFactory
from tests.support.kept import kept

SECOND, QUARTER = timedelta(seconds=1), timedelta(minutes=15)
AT_THE_CLINIC, AT_HOME = "203.0.113.7", "2001:db8::1"
PASSWORD = "long-enough-1"
GUESSES, ADDRESSES, NAMES = 400, 20, 5
LOG_IN = "/api/v1/auth/login/"


def admitted(pace: Pace, seconds: int) -> list[int]:
    """When somebody gets through who tries every second and never succeeds."""
    failures, last, found = 0, NINE, []
    for second in range(seconds):
        at = NINE + second * SECOND
        if not pace.seconds(failures, last, at):
            failures, last = failures + 1, at
            found.append(second)
    return found


def test_never_more_than_five_tries_of_an_account_in_a_quarter_of_an_hour() -> None:
    tries = admitted(OF_AN_ACCOUNT, 2 * 3600)
    most = max(sum(first <= one < first + 900 for one in tries) for first in tries)

    assert most == 5
    assert OF_AN_ACCOUNT.waits == (0, 0, 10, 60, 900)


@pytest.mark.parametrize(
    ("pace", "free", "slowest"),
    [(OF_AN_ACCOUNT, 3, 900), (OF_A_NETWORK, 11, 10), (OF_STRANGERS, 21, 2)],
)
def test_each_pace_begins_free_grows_and_is_never_for_ever(
    pace: Pace, free: int, slowest: int
) -> None:
    waits = [pace.seconds(failures, NINE, NINE) for failures in range(300)]

    assert waits == sorted(waits)
    assert waits.index(next(filter(None, waits))) == free
    assert waits[-1] == slowest
    assert pace.seconds(9999, NINE, NINE + pace.rest) == 0
    assert pace.seconds(9999, NINE, NINE + slowest * SECOND) == 0


class World:
    """Names, addresses and a clock, without the cost of checking passwords."""

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self.checked: dict[str, list[Any]] = {}
        for user in users:
            KnownNetwork.objects.create(user=user, network=f"{AT_THE_CLINIC}/32", last_at=NINE)

    def guess(self, name: str, address: str, at: Any) -> bool:
        try:
            count_try(name=name, address=address, device="", at=at)
        except TooManyTries:
            return False
        self.checked.setdefault(name, []).append(at)
        return True

    def waited(self, user: User, at: Any, *, address: str, device: str = "") -> float:
        """How long somebody waits who knows the password, and does as they are told."""
        began = at
        while True:
            try:
                tried = count_try(name=user.username, address=address, device=device, at=at)
            except TooManyTries as error:
                at += (error.retry_after or 0) * SECOND
                continue
            take_back(tried, client="Firefox", at=at, by=user)
            return float((at - began).total_seconds())


@pytest.mark.django_db
def test_five_guesses_a_name_get_through_and_everybody_logs_in_meanwhile() -> None:
    """All of it within a quarter of an hour. With 10,000: docs/measurements.md."""
    world = World([UserFactory() for _ in range(NAMES)])
    addresses = [f"198.51.100.{number}" for number in range(ADDRESSES)]
    waits = []
    for number in range(GUESSES):
        at = NINE + number * QUARTER / GUESSES
        world.guess(world.users[number % NAMES].username, addresses[number % ADDRESSES], at)
        if (number + 1) % (GUESSES // NAMES) == 0:
            user = world.users[number * NAMES // GUESSES]
            waits.append(world.waited(user, at, address=AT_THE_CLINIC))
            waits.append(world.waited(user, at, address=AT_HOME, device=device_of("", user)))

    assert len(waits) == 2 * NAMES
    assert {len(times) for times in world.checked.values()} <= {1, 2, 3, 4, 5}
    assert max(waits) <= 10


@pytest.mark.django_db
def test_without_a_known_place_the_same_attack_would_keep_them_out() -> None:
    """The control arm: an account that logs in from a new place waits as long as the guessers."""
    world = World([UserFactory()])
    for number in range(300):
        world.guess(world.users[0].username, "198.51.100.1", NINE + number * SECOND)

    assert world.waited(world.users[0], NINE + 300 * SECOND, address=AT_HOME) > 60


@pytest.mark.django_db
@pytest.mark.parametrize("addresses", [1, 200])
def test_one_password_sprayed_over_500_names_is_slowed(addresses: int) -> None:
    """From one address, and from so many that each tries but a few."""
    world, tried, at = World([]), 0, NINE
    while tried < 500 and at < NINE + 4 * QUARTER:
        address = f"198.51.100.{tried % addresses}"
        tried += world.guess(f"name-{tried}", address, at)
        at += SECOND

    assert (at - NINE).total_seconds() > 700


@pytest.mark.django_db
def test_a_network_that_guesses_slows_its_staff_by_ten_seconds_and_no_known_device(
    alice: User,
) -> None:
    """Somebody in the waiting room is on the same address as the desk."""
    world = World([alice])
    for number in range(100):
        world.guess(f"name-{number}", AT_THE_CLINIC, NINE + number * 10 * SECOND)
    now = NINE + 990 * SECOND

    assert 0 < world.waited(alice, now, address=AT_THE_CLINIC) <= 10
    assert world.waited(alice, now, address=AT_THE_CLINIC, device=device_of("", alice)) == 0


@pytest.mark.django_db
def test_success_resets_what_was_counted_of_the_account_only(alice: User) -> None:
    """Whoever guesses at others may have an account too."""
    world = World([alice])
    for _ in range(3):
        world.guess("alice", AT_THE_CLINIC, NINE)
    assert world.waited(alice, NINE + 10 * SECOND, address=AT_THE_CLINIC) == 0

    counted = sorted(LoginTries.objects.values_list("failures", flat=True))
    assert counted == [3]  # of the network
    assert world.guess("alice", AT_THE_CLINIC, NINE + 10 * SECOND)


@pytest.mark.django_db
def test_names_that_look_alike_are_counted_as_one(alice: User) -> None:
    world = World([])
    passed = [world.guess(name, AT_HOME, NINE) for name in ("alice", "ALICE", "ａlice", " alice")]

    assert passed == [True, True, True, False]


@pytest.mark.django_db
def test_what_slows_nobody_any_more_is_forgotten(alice: User) -> None:
    World([alice]).guess("alice", AT_HOME, NINE)

    purge_tries(at=NINE + DAY)
    assert LoginTries.objects.count() == 3
    purge_tries(at=NINE + DAY + SECOND)
    assert (LoginTries.objects.count(), KnownNetwork.objects.count()) == (0, 1)
    purge_tries(at=NINE + guessing.KNOWN_FOR + SECOND)
    assert KnownNetwork.objects.count() == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_a_network_is_what_one_customer_has(address: str, network: str) -> None:
    assert network_of(address) == network


@kept
def registered(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff = True
    alice.save()
    return alice


def log_in(name: str, password: str, **environ: Any) -> Any:
    body = {"username": name, "password": password}
    return client_of(None, **environ).post(LOG_IN, body, format="json")


@pytest.mark.django_db
def test_api_and_admin_count_together_and_say_the_same_of_unknown_names(registered: User) -> None:
    said = {}
    for name in ("alice", "nobody"):
        one = log_in(name, "wrong")
        two = Client().post("/admin/login/", {"username": name, "password": "wrong"})
        three, four = log_in(name, "wrong"), log_in(name, PASSWORD)
        page = Client().post("/admin/login/", {"username": name, "password": PASSWORD})
        statuses = [answer.status_code for answer in (one, two, three, four, page)]
        assert statuses == [401, 200, 401, 429, 429]
        assert four["Retry-After"] == page["Retry-After"] == "10"
        text = "Too many tries to log in. Try again in 10 seconds."
        assert text in page.content.decode()
        said[name] = (one.content, three.content, four.content, page.content)

    assert said["alice"] == said["nobody"]


@pytest.mark.django_db
def test_an_unknown_name_takes_the_same_statements_and_hashes(
    registered: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time: so long as these are the same, so is that."""
    hashed: list[str] = []
    encode = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    for name, method in zip(("encode", "verify"), encode, strict=True):

        def told(self: Any, *args: Any, name: str = name, method: Any = method) -> Any:
            hashed.append(name)
            return method(self, *args)

        monkeypatch.setattr(Argon2PasswordHasher, name, told)
    found = {}
    log_in("somebody", "wrong")  # what a first request loads
    for name in ("alice", "nobody"):
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            log_in(name, "wrong")
        found[name] = ([query["sql"].split()[0] for query in queries], len(hashed))

    assert found["alice"] == found["nobody"]
    assert found["alice"][1] == 1


@pytest.mark.django_db
def test_a_device_that_has_logged_in_is_not_slowed_by_others(registered: User) -> None:
    """A browser by its cookie, which goes to the log-in only; a front end by what it was given."""
    browser = Client(REMOTE_ADDR="192.0.2.1")
    browser.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    token = log_in("alice", PASSWORD, REMOTE_ADDR="192.0.2.2").json()["device_token"]
    KnownNetwork.objects.all().delete()
    for _ in range(4):
        last = log_in("alice", "wrong", REMOTE_ADDR="192.0.2.1")
    assert last.status_code == 429
    browser.post("/admin/logout/")

    again = browser.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    known = {"username": "alice", "password": PASSWORD, "device_token": token}
    other = client_of(None, REMOTE_ADDR="192.0.2.9").post(LOG_IN, known, format="json")
    forged = client_of(None, REMOTE_ADDR="192.0.2.8").post(
        LOG_IN, {**known, "device_token": f"{token}x"}, format="json"
    )

    cookie = browser.cookies["device"]
    assert (again.status_code, other.status_code, forged.status_code) == (302, 200, 429)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        "/admin/login/",
        True,
        "Lax",
    )


@pytest.mark.django_db
def test_people_who_share_a_tablet_are_all_known_there(alice: User, dana: User) -> None:
    shared = device_of(device_of("", alice), dana)

    assert guessing.read_device(shared)[1] == [str(dana.pk), str(alice.pk)]
