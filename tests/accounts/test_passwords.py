"""People set their own passwords, by a link from their mail; nobody sets another's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.passwords import ask_for_link, send_links
from clinic.admin.site import StaffForm
from clinic.http.logs import mask
from clinic.models import Clinic, PasswordLink, Role, User
from tests.admin.pages import client_of, url
from tests.factories import DAY, UserFactory
from tests.support.accesses import Watch
from tests.support.kept import kept
from tests.support.marked_words import BEGIN, words_marked

NEW = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        (NEW, []),
        ("äöü ein ganzer Satz, gern auch länger als alles, was man sonst so schreibt", []),
        ("fourteen chars", ["password_too_short"]),
        ("1q2w3e4r5t6y7u8i9o0p", ["password_too_common"]),
        ("microneedling123", ["password_of_context"]),
        ("riverside skin clinic", ["password_of_context"]),
        ("Lovelace-Lovelace-1", ["password_of_context"]),
        ("aaaaaaaaaaaaaaaa", ["password_of_context"]),
        ("passwordpassword", ["password_of_context"]),
    ],
)
def test_a_password_is_long_and_not_what_is_tried_first(
    password: str, codes: list[str], clinic: Clinic
) -> None:
    ada = UserFactory(clinic=clinic, first_name="Ada", last_name="Lovelace", username="ada")
    found: list[Any] = []
    try:
        password_validation.validate_password(password, ada)
    except ValidationError as error:
        found = [one.code for one in error.error_list]

    assert set(found) == set(codes)


def link_in(mailoutbox: list[Any]) -> str:
    text = mailoutbox[-1].body
    found = re.search(rf"{settings.PUBLIC_URL}(/admin/password/\S+/\S+)", text)
    assert found, text
    return found[1]


def set_password(link: str, password: str = NEW) -> Any:
    browser = Client()
    page = browser.get(link, follow=True)
    return browser.post(
        page.request["PATH_INFO"], {"new_password1": password, "new_password2": password}
    )


@kept
def ada(alice: User) -> User:
    alice.set_password("an older password")
    alice.email, alice.is_staff = "ada@clinic.example", True
    alice.save()
    return alice


def test_a_lost_password_is_set_anew_by_a_link_that_works_once(
    ada: User, mailoutbox: list[Any]
) -> None:
    inside = client_of(ada)
    watch = Watch()
    asked = Client().post("/admin/password/", {"email": "ADA@clinic.example"})
    send_links(at=timezone.now())
    link = link_in(mailoutbox)

    assert asked["Location"] == "/admin/password/asked/"
    assert set_password(link)["Location"] == "/admin/login/"
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert inside.get("/admin/log-ins/").status_code == 302  # what was open has ended
    assert "This link is over" in Client().get(link, follow=True).content.decode()
    row = watch.rows()[0]
    assert (row.action, row.place, row.actor_id) == ("PERMISSION_CHANGE", "password-set", ada.pk)
    assert link not in mask(f"GET {link}")


def test_the_link_holds_for_half_an_hour(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = default_token_generator.make_token(ada)
    now = default_token_generator._now()
    for minutes, holds in ((29, True), (31, False)):
        later = now + timedelta(minutes=minutes)
        monkeypatch.setattr(default_token_generator, "_now", lambda later=later: later)
        assert default_token_generator.check_token(ada, token) is holds


def test_whoever_asks_does_not_learn_who_has_an_account(ada: User, mailoutbox: list[Any]) -> None:
    UserFactory(email="gone@clinic.example", is_active=False)
    answers = [
        Client().post("/admin/password/", {"email": email}, follow=True).content
        for email in ("ada@clinic.example", "nobody@clinic.example", "gone@clinic.example")
    ]
    send_links(at=timezone.now())

    assert answers[0] == answers[1] == answers[2]
    assert [one.to for one in mailoutbox] == [["ada@clinic.example"]]


def test_nobody_fills_a_mailbox(ada: User) -> None:
    now = timezone.now()

    asked = [ask_for_link(email=ada.email, at=now) for _ in range(5)]

    assert asked == [1, 1, 1, 0, 0]
    assert PasswordLink.objects.count() == 1  # one that waits is enough
    assert ask_for_link(email=ada.email, at=now + timedelta(hours=1)) == 1


def test_what_could_not_be_sent_is_sent_later_and_not_for_ever(
    ada: User, settings: Any, mailoutbox: list[Any]
) -> None:
    now, settings.EMAIL_PORT = timezone.now(), 9  # where nobody listens
    settings.ANYMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    ask_for_link(email=ada.email, at=now)
    send_links(at=now)
    assert PasswordLink.objects.get().sent_at is None

    settings.ANYMAIL_BACKEND = ""
    for _ in range(2):
        send_links(at=now)
    assert len(mailoutbox) == 1
    send_links(at=now + 2 * DAY)
    assert not PasswordLink.objects.exists()


def test_a_new_account_is_invited_and_has_no_password_until_then(
    manager: User, mailoutbox: list[Any]
) -> None:
    form = {
        "username": "newcomer",
        "role": Role.PRACTITIONER,
        "language": "en",
        "clinics": [str(manager.clinics.get().pk)],
    }
    client, add = client_of(manager), reverse("admin:clinic_user_add")
    assert client.post(add, form).status_code == 200  # an invitation needs an address
    assert client.post(add, {**form, "email": "new@clinic.example"}).status_code == 302
    send_links(at=timezone.now())
    newcomer = User.objects.get(username="newcomer")

    assert not newcomer.has_usable_password()
    assert "Your user name is newcomer" in mailoutbox[0].body
    assert "fourteen" not in set_password(link_in(mailoutbox), "fourteen chars").content.decode()
    assert set_password(link_in(mailoutbox)).status_code == 302
    newcomer.refresh_from_db()
    assert newcomer.check_password(NEW)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_nobody_sets_the_password_of_somebody_else(role: Role, ada: User, clinic: Clinic) -> None:
    if role == Role.ADMIN:
        ada.role = Role.RECEPTIONIST
        ada.save()
    client, before = client_of(UserFactory(role=role, clinic=clinic)), ada.password
    page = client.get(url(ada)).content.decode()
    typed = {"password1": NEW, "password2": NEW, "usable_password": "true"}

    answers = [
        client.get(reverse("admin:auth_user_password_change", args=[ada.pk])),
        client.post(reverse("admin:auth_user_password_change", args=[ada.pk]), typed),
    ]
    form = {"username": "alice", "email": ada.email, "role": ada.role, "password": "x"}
    client.post(url(ada), {**form, "clinics": [str(clinic.pk)], "is_active": "on"})

    assert "_save" in page
    assert 'name="password' not in page
    assert [answer.status_code for answer in answers] == [403, 403]
    ada.refresh_from_db()
    assert ada.password == before


def test_a_manager_has_a_link_mailed(manager: User, ada: User, mailoutbox: list[Any]) -> None:
    action = {"action": "mail_link", "_selected_action": [str(ada.pk), str(manager.pk)]}

    client_of(manager).post(reverse("admin:clinic_user_changelist"), action)
    send_links(at=timezone.now())

    assert [one.to for one in mailoutbox] == [[ada.email]]  # to nobody above them or themselves


@pytest.mark.parametrize(
    "change",
    [{"role": Role.PRACTITIONER}, {"is_active": ""}, {"clinics": "elsewhere"}],
    ids=["role", "out of use", "clinic"],
)
def test_the_last_manager_stays(change: dict[str, Any], manager: User, bob: User) -> None:
    """Whoever changes a manager is one too; but two may take each other out at the same moment."""
    here, there = manager.clinics.get(), bob.clinics.get()
    typed = {
        **{"username": "manager", "email": "m@clinic.example", "role": Role.MANAGER},
        **{"clinics": [here.pk], "is_active": "on", **change},
    }
    if change.get("clinics"):
        typed["clinics"] = [there.pk]
    names = ["username", "email", "role", "clinics", "is_active"]
    form = modelform_factory(User, form=StaffForm, fields=names)
    said = form(typed, instance=User.objects.get(pk=manager.pk)).errors

    assert "is the last manager of Riverside Skin Clinic" in str(said)
    UserFactory(role=Role.MANAGER, clinic=here)
    assert not form(typed, instance=User.objects.get(pk=manager.pk)).errors


@pytest.mark.parametrize(("language", "is_marked"), [("en", False), ("es", True)])
def test_the_mail_is_in_the_language_of_the_account(
    language: str, is_marked: bool, ada: User, mailoutbox: list[Any]
) -> None:
    ada.language = language
    ada.save()

    with words_marked("es"):
        ask_for_link(email=ada.email, at=timezone.now())
        send_links(at=timezone.now())

    (mail,) = mailoutbox
    assert mail.subject.startswith(BEGIN) == is_marked
    assert mail.body.startswith(f"{BEGIN}Hello") == is_marked
