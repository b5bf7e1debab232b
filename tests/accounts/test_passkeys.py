"""Passkeys: they open without a password, once for each question, and for nobody else."""

import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.utils import timezone

from clinic.accounts.log_ins import TYPED_LONG
from clinic.accounts.passkeys import (
    HOLDS,
    MOST,
    PasskeyRefused,
    TooManyPasskeys,
    add_passkey,
    ask_to_add,
    ask_to_open,
    open_with,
    purge_challenges,
)
from clinic.accounts.passwords import start_anew
from clinic.accounts.second_factor import is_missing, is_set
from clinic.models import AccountNotice, Passkey, Role, UsedChallenge, User
from tests.accounts.test_second_factor import LONG, PASSWORD, App, log_in, now, told
from tests.support.accesses import Watch
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.kept import kept

PAGE, PROOF = "/admin/passkeys/", "/admin/proof/"
OPTIONS = f"{PAGE}options/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"


@kept
def ada(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff, alice.email = True, "ada@clinic.example"
    alice.save()
    return alice


@pytest.fixture
def telephone(ada: User) -> Authenticator:
    return with_key(ada)


def with_key(user: User, **kind: Any) -> Authenticator:
    device = Authenticator(**kind)
    answer = device.create(ask_to_add(user))
    add_passkey(answer=answer, name="my telephone", at=timezone.now(), by=user)
    return device


def enter(device: Authenticator) -> Client:
    """By the page to log in."""
    client = Client()
    answer = device.get(client.get(OPTIONS).json())
    client.post("/admin/login/", {"passkey": answer, "username": "", "password": ""})
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/log-ins/").status_code == 200


def said_who(client: Client, device: Authenticator | None = None, **typed: str) -> Client:
    if device:
        typed = {"passkey": device.get(client.get(OPTIONS).json())}
    assert client.post(PROOF, {**typed, "next": PAGE})["Location"] == PAGE
    return client


def test_a_passkey_opens_the_pages_of_staff_without_name_and_password(
    ada: User, telephone: Authenticator
) -> None:
    watch, client = Watch(), enter(telephone)

    assert is_in(client)
    assert "device" in client.cookies
    key = Passkey.objects.get()
    assert (key.sign_count, key.last_used_at is not None) == (telephone.count, True)
    rows = [(row.actor_id, row.action, row.outcome) for row in watch.rows()]
    assert rows == [(ada.pk, "LOG_IN", "DONE")]


def test_the_password_alone_opens_nothing_any_more(ada: User, telephone: Authenticator) -> None:
    assert told(log_in(ada)) == (401, "second_factor_required")
    app = App(ada, timezone.now() - timedelta(days=1))
    assert told(log_in(ada, code=now(app))) == (200, "")


def test_it_opens_once_for_each_question(ada: User, telephone: Authenticator) -> None:
    answer = telephone.get(ask_to_open(None))
    open_with(answer=answer, owner=None, at=timezone.now())

    with pytest.raises(PasskeyRefused):
        open_with(answer=answer, owner=None, at=timezone.now())
    purge_challenges(at=timezone.now())
    assert UsedChallenge.objects.count() == 2
    purge_challenges(at=timezone.now() + 3 * HOLDS)
    assert not UsedChallenge.objects.exists()


WRONG: dict[str, dict[str, Any]] = {
    "from a false page": {"origin": "https://clinic.evil.example"},
    "from another port": {"origin": "http://localhost:8001"},
    "from a frame of another page": {"cross_origin": True},
    "of another site": {"rp_id": "evil.example"},
    "without its owner": {"flags": PRESENT},
    "without anybody": {"flags": VERIFIED},
    "to add one": {"type": "webauthn.create"},
    "by another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "to no question of ours": {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "of somebody else": {"owner": b"0" * 16},
    "of a copy": {"count": 1},
}


@pytest.mark.parametrize("how", WRONG)
def test_an_answer_that_is_wrong_in_one_way_is_refused(
    how: str, ada: User, telephone: Authenticator
) -> None:
    answer = telephone.get(ask_to_open(None), **WRONG[how])
    with pytest.raises(PasskeyRefused):
        open_with(answer=answer, owner=None, at=timezone.now())

    open_with(answer=telephone.get(ask_to_open(None)), owner=None, at=timezone.now())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"id": 1}', '{"rawId": "", "response": {}}', "[" * 9999]
)
def test_what_is_no_answer_is_refused(text: str, ada: User) -> None:
    with pytest.raises(PasskeyRefused):
        open_with(answer=text, owner=None, at=timezone.now())
    with pytest.raises(PasskeyRefused):
        add_passkey(answer=text, name="x", at=timezone.now(), by=ada)


def test_a_question_holds_for_five_minutes_and_for_one_person(
    ada: User, dana: User, telephone: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked, owner in ((None, ada), (dana, ada), (ada, None), (dana, dana)):
        answer = telephone.get(ask_to_open(asked))
        with pytest.raises(PasskeyRefused):
            open_with(answer=answer, owner=owner, at=timezone.now())
    answer = telephone.get(ask_to_open(ada))
    late = time.time() + HOLDS.total_seconds() + 1
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: late)
        with pytest.raises(PasskeyRefused):
            open_with(answer=answer, owner=ada, at=timezone.now())

    assert open_with(answer=answer, owner=ada, at=timezone.now()).user == ada


def test_a_copy_that_counts_backwards_is_told_to_its_owner(
    ada: User, telephone: Authenticator
) -> None:
    AccountNotice.objects.all().delete()
    open_with(answer=telephone.get(ask_to_open(None), count=9), owner=None, at=timezone.now())
    for count in (9, 8, 0):
        answer = telephone.get(ask_to_open(None), count=count)
        with pytest.raises(PasskeyRefused) as refused:
            open_with(answer=answer, owner=None, at=timezone.now())
        assert refused.value.user == ada

    assert [one.about.split(",")[0] for one in AccountNotice.objects.all()] == [
        "a copy of the passkey “my telephone” was refused"
    ] * 3


def test_one_that_several_devices_share_does_not_count(ada: User) -> None:
    shared = with_key(ada, counts=False)

    assert is_in(enter(shared))
    assert is_in(enter(shared))


def test_who_is_no_longer_here_has_no_way_in(ada: User, telephone: Authenticator) -> None:
    ada.is_active = False
    ada.save()

    assert not is_in(enter(telephone))


def test_adding_one_asks_again_and_ends_all_other_log_ins(ada: User) -> None:
    elsewhere, here = Client(), Client()
    for client in (elsewhere, here):
        client.post("/admin/login/", {"username": ada.username, "password": PASSWORD})
    watch, device = Watch(), Authenticator()
    assert here.get(PAGE)["Location"].startswith(PROOF)
    assert here.post(PAGE, {"add": "1"})["Location"].startswith(PROOF)

    said_who(here, password=PASSWORD)
    for answer in ("{}", device.create(here.get(f"{OPTIONS}?add=1").json(), flags=PRESENT)):
        assert (
            b"was not taken"
            in here.post(PAGE, {"add": "1", "name": "my key", "passkey": answer}).content
        )
    answer = device.create(here.get(f"{OPTIONS}?add=1").json())
    typed = {"add": "1", "name": "my key", "passkey": answer}
    assert here.post(PAGE, typed)["Location"] == PAGE
    assert b"was not taken" in here.post(PAGE, typed).content  # the same again

    assert b"my key" in here.get(PAGE).content
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert AccountNotice.objects.get().about.startswith("the passkey “my key” was added,")
    assert [(row.code, row.outcome) for row in watch.rows() if row.place == "passkeys"] == [
        *[("passkey_refused", "REFUSED")] * 2,
        ("passkey_added", "DONE"),
        ("passkey_refused", "REFUSED"),
    ]


def test_nobody_adds_one_for_somebody_else_and_ten_are_enough(ada: User, dana: User) -> None:
    answer = Authenticator().create(ask_to_add(dana))
    with pytest.raises(PasskeyRefused):
        add_passkey(answer=answer, name="x", at=timezone.now(), by=ada)
    for _ in range(MOST):
        with_key(ada)
    with pytest.raises(TooManyPasskeys):
        with_key(ada)


def proved_long(client: Client, *, is_long: bool) -> None:
    session = client.session
    session[TYPED_LONG] = is_long
    session.save()


def test_it_is_removed_but_not_below_what_the_role_asks_for(ada: User, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = [Role.PRACTITIONER]
    first, second = with_key(ada), with_key(ada)
    client = said_who(enter(first), first)
    ids = [str(one.pk) for one in Passkey.objects.order_by("id")]

    client.post(PAGE, {"remove": ids[0]})
    proved_long(client, is_long=True)
    for hopeless in (ids[1], "x", ids[0]):
        client.post(PAGE, {"remove": hopeless})
    assert [str(one.pk) for one in Passkey.objects.all()] == ids[1:]
    assert (is_in(enter(first)), is_in(enter(second))) == (False, True)

    settings.SECOND_FACTOR_ROLES = []
    proved_long(client, is_long=False)
    client.post(PAGE, {"remove": ids[1]})
    assert Passkey.objects.exists()
    App(ada, timezone.now())
    client.post(PAGE, {"remove": ids[1]})
    assert not Passkey.objects.exists()


def test_the_last_one_goes_where_the_password_may_stand_alone(ada: User) -> None:
    app = App(ada, timezone.now() - timedelta(days=1))
    device = with_key(ada)
    ada.set_password(LONG)
    ada.save()
    client = said_who(enter(device), password=LONG, code=app.recovery[0])
    client.post("/admin/second-factor/", {"do": "off", "password": LONG, "code": app.recovery[1]})
    assert is_set(ada)

    client.post(PAGE, {"remove": str(Passkey.objects.get().pk)})
    assert not is_set(ada)


def test_who_needs_a_second_factor_may_make_it_a_passkey(ada: User, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = [Role.PRACTITIONER]
    client, device = Client(), Authenticator()
    client.post("/admin/login/", {"username": ada.username, "password": PASSWORD})
    assert client.get("/admin/")["Location"] == "/admin/second-factor/"

    said_who(client, password=PASSWORD)
    answer = device.create(client.get(f"{OPTIONS}?add=1").json())
    client.post(PAGE, {"add": "1", "name": "my key", "passkey": answer})

    assert not is_missing(ada)
    assert client.get("/admin/").status_code == 200


def test_it_answers_where_people_are_asked_again(ada: User, telephone: Authenticator) -> None:
    client = enter(telephone)
    app_page = "/admin/second-factor/"
    alone = client.post("/admin/address/", {"email": "new@clinic.example"})
    assert b"Use your passkey" in alone.content
    assert b"not taken" in client.post(PROOF, {"passkey": "{}", "next": PAGE}).content

    answer = telephone.get(client.get(OPTIONS).json())
    typed = {"email": "new@clinic.example", "passkey": answer}
    assert client.post("/admin/address/", typed).status_code == 302
    answer = telephone.get(client.get(OPTIONS).json())
    page = client.post(app_page, {"do": "on", "passkey": answer, "code": "1"})
    assert b"That code is wrong" in page.content


def test_the_second_factor_that_a_manager_ends_is_all_of_it(
    ada: User, manager: User, telephone: Authenticator
) -> None:
    start_anew(user=ada, at=timezone.now(), by=manager)

    assert not is_set(ada)
    assert not is_in(enter(telephone))


def test_whoever_is_asked_learns_of_nobody(ada: User, telephone: Authenticator) -> None:
    asked = Client().get(OPTIONS).json()["publicKey"]
    of_nobody = Client().get(f"{OPTIONS}?add=1").json()["publicKey"]

    assert asked["userVerification"] == of_nobody["userVerification"] == "required"
    assert not asked.get("allowCredentials")
    assert "user" not in of_nobody
