"""A second factor: without it the right password opens nothing, and each code opens once."""

import hmac
import re
from base64 import b32decode
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.accounts import second_factor
from clinic.accounts.passwords import send_links
from clinic.accounts.second_factor import (
    WrongCode,
    check_code,
    new_secret,
    renew_recovery_codes,
    set_second_factor,
)
from clinic.models import Role, SecondFactor, User
from tests.admin.pages import client_of
from tests.factories import NINE, ClinicFactory
from tests.support.accesses import Watch, stop_writing
from tests.support.kept import kept

PASSWORD, LONG = "long-enough-1", "long enough for nobody to guess"
PAGE = "/admin/second-factor/"
STEP = timedelta(seconds=30)
pytestmark = pytest.mark.django_db


def shown(secret: str, at: datetime) -> str:
    """What an app shows, by RFC 6238."""
    step = int(at.timestamp()) // 30
    digest = hmac.digest(b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


class App:
    """Somebody's telephone and paper."""

    def __init__(self, user: User, at: datetime) -> None:
        self.secret = new_secret()
        code = shown(self.secret, at)
        self.recovery = set_second_factor(secret=self.secret, code=code, at=at, by=user)


@kept
def ada(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff = True
    alice.save()
    return alice


@pytest.fixture
def app(ada: User) -> App:
    """Set up a day ago."""
    return App(ada, timezone.now() - timedelta(days=1))


def log_in(user: User, **typed: Any) -> Any:
    body = {"username": user.username, "password": PASSWORD, **typed}
    return APIClient().post("/api/v1/auth/login/", body)


def now(app: App) -> str:
    return shown(app.secret, timezone.now())


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_the_code_is_that_of_the_standard() -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        at = datetime.fromtimestamp(seconds, timezone.get_current_timezone())
        assert shown(secret, at) == code
        assert second_factor._step_of(b32decode(secret), code, at) == seconds // 30


def test_the_right_password_alone_opens_nothing(ada: User, app: App) -> None:
    watch = Watch()

    assert told(log_in(ada)) == (401, "second_factor_required")
    assert told(log_in(ada, code="000000x")) == (401, "wrong_code")
    assert told(log_in(ada, code=f" {now(app)[:3]} {now(app)[3:]}")) == (200, "")
    assert [(row.actor_id, row.outcome) for row in watch.rows()] == [
        *[(ada.pk, "REFUSED")] * 2,
        (ada.pk, "DONE"),
    ]


def test_without_one_a_code_is_not_asked_for(ada: User) -> None:
    assert told(log_in(ada, code="123456")) == (200, "")


def test_of_a_wrong_password_nobody_learns_whether_there_is_a_second_factor(
    ada: User, app: App
) -> None:
    assert told(log_in(ada, password="wrong")) == (401, "authentication_failed")
    assert told(log_in(ada, password="wrong", code=now(app))) == (401, "authentication_failed")
    assert told(log_in(ada, code=now(app))) == (200, "")  # it was not used up by that


@pytest.mark.parametrize(
    ("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_half_a_minute_off(steps: int, opens: bool, ada: User) -> None:
    app, later = App(ada, NINE), NINE + timedelta(hours=1)
    code = shown(app.secret, later + steps * STEP)
    if opens:
        check_code(user=ada, code=code, at=later)
    else:
        with pytest.raises(WrongCode):
            check_code(user=ada, code=code, at=later)


def test_a_code_opens_once_and_none_before_it(ada: User) -> None:
    app, later = App(ada, NINE), NINE + timedelta(hours=1)
    with pytest.raises(WrongCode):  # the one that set it up
        check_code(user=ada, code=shown(app.secret, NINE), at=NINE)
    check_code(user=ada, code=shown(app.secret, later), at=later)

    for code in (shown(app.secret, later), shown(app.secret, later - STEP)):
        with pytest.raises(WrongCode):
            check_code(user=ada, code=code, at=later)


def test_recovery_codes_open_once_each_and_end_with_new_ones(ada: User, app: App) -> None:
    first, second, *_ = app.recovery
    assert len(set(app.recovery)) == 10
    assert told(log_in(ada, code=first.upper().replace("-", " "))) == (200, "")
    assert told(log_in(ada, code=first)) == (401, "wrong_code")
    new = renew_recovery_codes(at=timezone.now(), by=ada)

    assert told(log_in(ada, code=second)) == (401, "wrong_code")
    assert told(log_in(ada, code=new[0])) == (200, "")
    assert len(SecondFactor.objects.get().recovery_sha256) == 9


def test_a_copy_of_the_database_opens_nothing(ada: User, app: App, settings: Any) -> None:
    row = SecondFactor.objects.get()
    assert b32decode(app.secret) not in bytes(row.secret)
    assert not {code.replace("-", "") for code in app.recovery} & set(row.recovery_sha256)

    settings.SECOND_FACTOR_KEYS = ["another key"]
    assert told(log_in(ada, code=now(app))) == (401, "wrong_code")
    settings.SECOND_FACTOR_KEYS = ["another key", settings.SECRET_KEY]
    assert told(log_in(ada, code=now(app))) == (200, "")


def test_wrong_codes_are_slowed_and_the_right_password_resets_nothing(ada: User, app: App) -> None:
    """Whoever knows the password guesses codes no faster than passwords."""
    typed: list[dict[str, str]] = [{"code": "000000x"}, {}, {"code": "000001x"}, {}]
    answers = [told(log_in(ada, **one))[1] for one in typed]

    assert answers == ["wrong_code", "second_factor_required", "wrong_code", "too_many_tries"]


def test_the_second_step_of_many_people_slows_no_network(ada: User, app: App) -> None:
    """A front end that asks for the code when it is told to sends the password twice."""
    for _ in range(12):
        assert log_in(ada).status_code == 401
        assert log_in(ada, code=app.recovery.pop()).status_code == 200
        if not app.recovery:
            app.recovery = renew_recovery_codes(at=timezone.now(), by=ada)


def test_who_needs_one_is_let_in_by_the_api_only_with_it(
    ada: User, dana: User, settings: Any
) -> None:
    dana.set_password(PASSWORD)
    dana.save()
    settings.SECOND_FACTOR_ROLES = [Role.PRACTITIONER]
    assert told(log_in(ada)) == (403, "second_factor_missing")
    assert told(log_in(dana)) == (200, "")
    app = App(ada, timezone.now() - timedelta(days=1))
    assert told(log_in(ada, code=now(app))) == (200, "")

    dana.clinics.update(requires_second_factor=True)
    assert told(log_in(dana)) == (403, "second_factor_missing")


@pytest.mark.parametrize("since", ["the clinic asks for it", "they work there", "their role does"])
def test_what_was_given_before_one_was_needed_opens_nothing_without_it(
    ada: User, dana: User, settings: Any, since: str
) -> None:
    """The token is refused, and the session leads to the page; a colleague who has one goes on."""
    dana.set_password(PASSWORD)
    dana.is_staff = True
    dana.save()
    app = App(dana, timezone.now() - timedelta(days=1))
    codes = [{}, {"code": app.recovery[0]}, {"code": app.recovery[1]}]
    tokens = [log_in(ada).json()["token"], log_in(dana, **codes[1]).json()["token"]]
    pages = [inside(ada), inside(dana, **codes[2])]

    def answers() -> list[int]:
        callers = [APIClient(headers={"Authorization": f"Bearer {token}"}) for token in tokens]
        return [
            *(caller.get("/api/v1/me/").status_code for caller in callers),
            *(page.get("/admin/").status_code for page in pages),
        ]

    assert answers() == [200] * 4
    if since == "the clinic asks for it":
        ada.clinics.update(requires_second_factor=True)
    elif since == "they work there":
        strict = ClinicFactory(requires_second_factor=True)
        strict.staff.add(ada, dana)
    else:
        settings.SECOND_FACTOR_ROLES = [ada.role, dana.role]

    assert answers() == [401, 200, 302, 200]
    page = pages[0].get(PAGE)
    assert "Your account needs one" in page.content.decode()
    send(pages[0], "on", shown(key_on(page), timezone.now()))
    assert answers() == [401, 200, 200, 200], "it needs a new token, which asks for the code"


@pytest.fixture
def browser(ada: User) -> Client:
    return inside(ada)


def inside(user: User, **typed: str) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD, **typed})
    return client


def key_on(page: Any) -> str:
    found = re.search(r'font-mono break-words">([A-Z2-7 ]+)<', page.content.decode())
    assert found
    return found[1].replace(" ", "")


def codes_on(page: Any) -> list[str]:
    return re.findall(
        r"^(?:<pre .*>)?((?:[a-z2-7]{4}-){3}[a-z2-7]{4})$", page.content.decode(), re.M
    )


def send(client: Client, do: str, code: str, password: str = PASSWORD) -> Any:
    return client.post(PAGE, {"password": password, "code": code, "do": do})


def test_it_is_set_up_with_the_picture_and_ends_all_other_log_ins(
    ada: User, browser: Client
) -> None:
    elsewhere, watch, page = inside(ada), Watch(), browser.get(PAGE)
    secret = key_on(page)
    assert b"<svg" in page.content
    assert f"secret={secret}" in page.content.decode()
    assert key_on(browser.get(PAGE)) == secret  # until it is confirmed
    assert secret not in str(dict(browser.session.items()))

    refused = send(browser, "on", "000000x"), send(browser, "on", "1", password="wrong")
    page = send(browser, "on", shown(secret, timezone.now()))

    assert all(b"recovery" not in one.content for one in refused)
    assert len(codes_on(page)) == 10
    assert browser.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302
    assert [(row.action, row.code, row.outcome, row.actor_id) for row in watch.rows()] == [
        *[("PERMISSION_CHANGE", "second_factor", "REFUSED", ada.pk)] * 2,
        ("PERMISSION_CHANGE", "second_factor_on", "DONE", ada.pk),
    ]


def test_the_pages_of_staff_ask_for_the_code(ada: User, app: App) -> None:
    assert inside(ada).get(PAGE).status_code == 302
    assert inside(ada, code="000000x").get(PAGE).status_code == 302
    assert inside(ada, code=now(app)).get(PAGE).status_code == 200


def test_new_recovery_codes_and_turning_it_off_need_password_and_code(ada: User, app: App) -> None:
    first, second, third, *_ = app.recovery
    browser = inside(ada, code=first)

    assert codes_on(send(browser, "codes", second, password="wrong")) == []
    assert send(browser, "off", "000000x").status_code == 200
    browser.cookies.clear()
    browser = inside(ada, code=second)
    new = codes_on(send(browser, "codes", third))
    assert "is short" in send(browser, "off", new[0]).content.decode()
    ada.set_password(LONG)
    ada.save()
    browser = Client()
    browser.post("/admin/login/", {"username": "alice", "password": LONG, "code": new[1]})
    assert SecondFactor.objects.filter(user=ada).exists()

    assert send(browser, "off", new[2], password=LONG).status_code == 302
    assert not SecondFactor.objects.exists()
    assert b"<svg" in browser.get(PAGE).content


def test_who_needs_one_is_led_to_the_page_and_to_no_other(ada: User, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = [Role.PRACTITIONER]
    browser = inside(ada)
    for path in ("/admin/", "/admin/patients/patient/", "/admin/password_change/"):
        assert browser.get(path)["Location"] == PAGE

    page = browser.get(PAGE)
    assert "Your account needs one" in page.content.decode()
    send(browser, "on", shown(key_on(page), timezone.now()))
    assert browser.get("/admin/").status_code == 200


def test_without_its_row_nothing_changes(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    code = shown(key_on(browser.get(PAGE)), timezone.now())
    stop_writing(monkeypatch)

    assert send(browser, "on", code).status_code == 503
    assert not SecondFactor.objects.exists()


def test_a_manager_ends_what_is_lost_and_the_owner_begins_anew(
    manager: User, ada: User, app: App, dana: User, mailoutbox: list[Any]
) -> None:
    """Nobody sets it for somebody else, and no manager gets in by it."""
    ada.email = "ada@clinic.example"
    ada.save()
    ticked = [str(one.pk) for one in (ada, dana, manager)]
    action = {"action": "end_second_factor", "_selected_action": ticked}
    client, password = client_of(manager), dana.password

    client.post(reverse("admin:clinic_user_changelist"), action)
    send_links(at=timezone.now())
    ada.refresh_from_db()
    dana.refresh_from_db()

    assert not SecondFactor.objects.exists()
    assert (ada.check_password(PASSWORD), dana.password) == (False, password)
    assert [one.to for one in mailoutbox] == [["ada@clinic.example"]]
    assert "An account was made" not in mailoutbox[0].body


def test_where_no_manager_can_the_server_ends_it(ada: User, app: App) -> None:
    browser = client_of(ada)
    assert browser.get("/admin/").status_code == 200
    watch = Watch()
    call_command("end_second_factor", "alice", stdout=StringIO())

    assert browser.get("/admin/").status_code == 302  # on the lost device, maybe
    assert not SecondFactor.objects.exists()
    assert [(row.door, row.object_id) for row in watch.rows()] == [("COMMAND", ada.pk)]
    with pytest.raises(CommandError, match="Nobody named alice"):
        call_command("end_second_factor", "alice")


def test_with_it_a_password_may_be_short(ada: User, app: App, dana: User) -> None:
    validate_password("tr4v-elx", ada)
    for user, password in ((ada, "tr4v-el"), (dana, "tr4v-elx-tr4v-")):
        with pytest.raises(ValidationError, match="too short"):
            validate_password(password, user)
