"""How log-ins end: the next request is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.accounts import log_ins
from clinic.accounts.backend import SlowedBackend
from clinic.accounts.log_ins import client_in_words
from clinic.models import LogIn, User
from clinic.tasks import purge_tokens
from tests.factories import ClinicFactory, UserFactory
from tests.support.accesses import Watch
from tests.support.kept import kept

PASSWORD = "long-enough-1"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


@kept
def ada(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff = True
    alice.save()
    return alice


class Doors:
    """A front end and a browser, both logged in."""

    def __init__(self, user: User) -> None:
        typed = {"username": user.username, "password": PASSWORD}
        self.token = APIClient().post("/api/v1/auth/login/", typed).json()["token"]
        self.api = APIClient(headers={"Authorization": f"Bearer {self.token}"})
        self.browser = Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
        self.browser.post("/admin/login/", typed)

    def are_open(self) -> tuple[bool, bool]:
        page = self.browser.get("/admin/log-ins/")
        return self.api.get("/api/v1/me/").status_code == 200, page.status_code == 200


@pytest.fixture
def doors(ada: User) -> Doors:
    return Doors(ada)


def by_sql(text: str) -> Callable[[User], object]:
    def change(user: User) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE clinic_user SET {text} WHERE id = %s", [user.pk])  # noqa: S608

    return change


def with_another_password(user: User) -> None:
    user.set_password("quite-another-1")
    user.save()


@pytest.mark.parametrize(
    "change",
    [
        with_another_password,
        by_sql("password = 'x'"),
        by_sql("role = 'AUDITOR'"),
        by_sql("is_active = false"),
        lambda user: log_ins.end_all_log_ins(at=timezone.now(), by=user),
    ],
    ids=["password", "password by SQL", "role", "out of use", "end all"],
)
def test_everything_of_a_person_ends_with(
    change: Callable[[User], object], doors: Doors, ada: User, dana: User
) -> None:
    dana.set_password(PASSWORD)
    dana.is_staff = True
    dana.save()
    of_another = Doors(dana)
    assert doors.are_open() == (True, True)

    change(ada)
    by_sql("is_active = true")(ada)  # what has ended does not begin again

    assert doors.are_open() == (False, False)
    assert of_another.are_open() == (True, True)
    assert not LogIn.objects.filter(user=ada).exists()
    assert not AuthToken.objects.filter(user=ada).exists()
    assert Session.objects.count() == 1


def test_what_changes_neither_password_nor_role_ends_nothing(doors: Doors, ada: User) -> None:
    by_sql("last_name = 'King', role = role, last_login = now()")(ada)

    assert doors.are_open() == (True, True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the time on, which stands still until then."""
    began = timezone.now()

    def at(later: timedelta) -> None:
        moment: datetime = began + later
        monkeypatch.setattr(timezone, "now", lambda: moment)

    at(timedelta())
    return at


def test_they_end_after_a_quarter_of_an_hour_without_use(clock: Any, doors: Doors) -> None:
    clock(14 * MINUTE)
    assert doors.are_open() == (True, True)
    clock(28 * MINUTE)
    assert doors.are_open() == (True, True)
    clock(44 * MINUTE)
    assert doors.are_open() == (False, False)


def test_they_end_after_twelve_hours_of_use(clock: Any, doors: Doors) -> None:
    for minutes in range(10, 12 * 60 + 1, 10):
        clock(minutes * MINUTE)
        is_open = doors.are_open()
        assert is_open == ((True, True) if minutes < 12 * 60 else (False, False)), minutes


def test_both_limits_are_settings(settings: Any, clock: Any, ada: User) -> None:
    settings.LOG_IN_IDLE, settings.LOG_IN_LASTS = HOUR, 2 * HOUR
    doors = Doors(ada)
    for minutes, is_open in ((50, True), (100, True), (119, True), (121, False)):
        clock(minutes * MINUTE)
        assert doors.are_open() == (is_open, is_open), minutes


def test_a_page_that_asks_by_itself_is_no_use_and_leaves_the_screen(
    clock: Any, doors: Doors
) -> None:
    for minutes in (5, 10, 14):
        clock(minutes * MINUTE)
        assert doors.browser.get("/admin/", headers={"HX-Request": "true"}).status_code == 200
    clock(15 * MINUTE)

    answer = doors.browser.get("/admin/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == "/admin/login/?next=%2Fadmin%2F"


def test_use_is_written_down_once_a_minute(
    clock: Any, doors: Doors, django_assert_num_queries: Any
) -> None:
    clock(50 * timedelta(seconds=1))
    with django_assert_num_queries(1):
        doors.api.get("/api/v1/me/")
    clock(61 * timedelta(seconds=1))
    with django_assert_num_queries(3):
        doors.api.get("/api/v1/me/")
    with django_assert_num_queries(1):
        doors.api.get("/api/v1/me/")


def test_a_session_of_which_it_is_not_known_since_when_is_over(doors: Doors) -> None:
    """As those are that were opened before this was counted."""
    session = doors.browser.session
    del session[log_ins.SINCE]
    session.save()

    assert doors.are_open() == (True, False)


def test_one_is_ended_by_the_api_and_by_the_page(doors: Doors, ada: User, dana: User) -> None:
    mine = LogIn.objects.get(user=ada, token=None)
    token = LogIn.objects.get(user=ada, session_key=None)
    listed = doors.api.get("/api/v1/log-ins/").json()["results"]
    assert [(one["client"], one["is_session"], one["is_this"]) for one in listed] == [
        ("Firefox on Windows", True, False),
        ("a program", False, True),
    ]
    foreign = APIClient()
    foreign.force_authenticate(dana)
    assert foreign.delete(f"/api/v1/log-ins/{mine.pk}/").status_code == 404

    watch = Watch()
    page = doors.browser.post("/admin/log-ins/", {"end": str(token.pk)})
    assert page.status_code == 302
    assert doors.are_open() == (False, True)
    again = Doors(ada)
    assert again.api.delete(f"/api/v1/log-ins/{mine.pk}/").status_code == 204
    assert doors.are_open() == (False, False)
    ended = [row for row in watch.rows() if row.action == "LOG_OUT"]
    assert [(row.actor_id, row.place) for row in ended] == [
        (ada.pk, "own-log-ins"),
        (ada.pk, "log-in-detail"),
    ]


def test_all_are_ended_by_the_api_and_by_the_page(doors: Doors, ada: User) -> None:
    assert doors.api.post("/api/v1/log-ins/end-all/").status_code == 204
    assert doors.are_open() == (False, False)

    again = Doors(ada)
    assert again.browser.post("/admin/log-ins/", {"end": "all"})["Location"] == "/admin/login/"
    assert again.are_open() == (False, False)


def test_the_eleventh_log_in_ends_the_one_that_was_not_used_for_longest(
    doors: Doors, ada: User, clock: Any
) -> None:
    for number in range(9):
        clock((number + 1) * timedelta(seconds=1))
        APIClient().post("/api/v1/auth/login/", {"username": "alice", "password": PASSWORD})

    assert doors.are_open() == (False, True)
    assert (LogIn.objects.count(), AuthToken.objects.count()) == (10, 9)


def test_who_is_in_may_log_in_again(doors: Doors, ada: User) -> None:
    """In another tab, as the back button leads there."""
    answer = doors.browser.post("/admin/login/", {"username": ada.username, "password": PASSWORD})

    assert answer.status_code == 302
    assert doors.are_open() == (True, True)
    assert LogIn.objects.filter(user=ada, token=None).count() == 1


def test_logging_out_leaves_nothing(doors: Doors) -> None:
    doors.browser.post("/admin/logout/")
    doors.api.post("/api/v1/auth/logout/")

    assert not LogIn.objects.exists()


def test_changing_the_own_password_ends_all_but_this_window(doors: Doors, ada: User) -> None:
    new = "correct horse battery 7"
    typed = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    watch = Watch()

    answer = doors.browser.post("/admin/password_change/", typed)

    assert answer.status_code == 302
    assert doors.are_open() == (False, True)
    assert LogIn.objects.count() == 1
    row = watch.rows()[0]
    assert (row.action, row.actor_id, row.outcome) == ("PERMISSION_CHANGE", ada.pk, "DONE")


def test_what_has_lapsed_is_deleted_by_the_hour(doors: Doors, clock: Any) -> None:
    clock(15 * MINUTE)
    purge_tokens()
    assert (AuthToken.objects.count(), LogIn.objects.count()) == (0, 1)
    clock(13 * HOUR)
    purge_tokens()
    assert (Session.objects.count(), LogIn.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/126.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17.0 Safari/605",
            "Safari on a Mac",
        ),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("python-requests/2.32", "python-requests"),
        ("<script>", "a program"),
        ("", "a program"),
    ],
)
def test_what_has_logged_in_is_said_in_words(agent: str, words: str) -> None:
    assert client_in_words(agent) == words


def test_a_session_reads_its_user_with_their_clinics_by_name(
    django_assert_num_queries: Any,
) -> None:
    user = UserFactory(clinic=ClinicFactory(name="Riverside"))
    user.clinics.add(ClinicFactory(name="Hilltop"))
    with django_assert_num_queries(1):
        read = SlowedBackend().get_user(user.pk)
        assert [clinic.name for clinic in read.works_at] == ["Hilltop", "Riverside"]
    known = User.objects.get(pk=user.pk)
    assert known.works_at == read.works_at

    user.clinics.clear()
    assert SlowedBackend().get_user(user.pk) == user  # works nowhere, and may still log in
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert SlowedBackend().get_user(user.pk) is None
    user.clinics.add(ClinicFactory())
    assert SlowedBackend().get_user(user.pk) is None
