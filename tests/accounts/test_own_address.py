"""The address of an account: its owner alone changes it, for links to a new password go there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts import own_address
from clinic.accounts.notices import send_notices
from clinic.accounts.passwords import send_links
from clinic.http.logs import mask
from clinic.models import AccountNotice, Role, User
from tests.accounts.test_second_factor import PASSWORD, App, inside
from tests.admin.pages import client_of, url
from tests.factories import UserFactory
from tests.support.accesses import Watch
from tests.support.answers import description
from tests.support.forms import send
from tests.support.kept import kept

OLD, NEW = "ada@clinic.example", "new@clinic.example"
PAGE = "/admin/address/"
OF_PATIENTS = {"PatientCreateInRequest", "PatchedPatientInRequest"}
pytestmark = pytest.mark.django_db


@kept
def ada(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.email, alice.is_staff = OLD, True
    alice.save()
    return alice


def address_of(user: User) -> str:
    return str(User.objects.values_list("email", flat=True).get(pk=user.pk))


def asked_for(client: Client, mailoutbox: list[Any], **typed: str) -> str:
    """The path of the link that came."""
    body = {"email": NEW, "password": PASSWORD, **typed}
    assert client.post(PAGE, body).status_code == 302
    send_notices(at=timezone.now())
    found = re.search(r"/admin/address/\S+", mailoutbox[-2].body)
    assert found
    return found[0]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_nobody_changes_that_of_an_account_that_was_opened(
    role: Role, ada: User, mailoutbox: list[Any]
) -> None:
    """By the form, also after ending a second factor, which leaves no known password."""
    if role == Role.ADMIN:
        ada.role = Role.RECEPTIONIST
        ada.save()
    App(ada, timezone.now())
    client = client_of(UserFactory(role=role, clinic=ada.clinics.get()))
    ended = {"action": "end_second_factor", "_selected_action": [str(ada.pk)]}

    for _ in range(2):
        assert send(client, url(ada), email=NEW, first_name="A").status_code == 302
        ada.refresh_from_db()
        assert (ada.email, ada.first_name) == (OLD, "A")
        client.post(reverse("admin:clinic_user_changelist"), ended)
    send_links(at=timezone.now())
    assert [one.to for one in mailoutbox] == [[OLD]]


def test_an_invitation_to_a_wrong_address_is_mended(manager: User) -> None:
    invited = UserFactory(clinic=manager.clinics.get(), email="wrogn@clinic.example")
    invited.set_unusable_password()
    invited.save()

    send(client_of(manager), url(invited), email=NEW)

    assert address_of(invited) == NEW


def test_no_other_door_takes_an_address_of_an_account(manager: User) -> None:
    """Found by the registry and by the description of the API, so a new one is found too."""
    pages = [page for model, page in admin.site._registry.items() if model is User]
    inlines = [
        inline
        for page in admin.site._registry.values()
        for inline in page.inlines
        if getattr(inline, "model", None) is User
    ]
    editable = [name for page in pages for name in page.list_editable]
    by_api = {
        name
        for name, schema in description()["components"]["schemas"].items()
        if name.endswith("Request") and "email" in schema.get("properties", {})
    }

    assert (len(pages), inlines, editable) == (1, [], [])
    assert by_api == OF_PATIENTS


def test_it_becomes_anothers_by_a_link_that_goes_there_and_the_one_before_is_told(
    ada: User, mailoutbox: list[Any]
) -> None:
    watch, link = Watch(), asked_for(inside(ada), mailoutbox)
    assert [one.to for one in mailoutbox] == [[NEW], [OLD]]
    assert "set a new password at once" in mailoutbox[1].body
    assert address_of(ada) == OLD

    assert "Is this your address?" in Client().get(link).content.decode()
    assert address_of(ada) == OLD  # whoever looks at links changes nothing
    assert "The address is yours" in Client().post(link).content.decode()
    assert address_of(ada) == NEW
    assert Client().get(link).status_code == Client().post(link).status_code == 404
    assert [(row.code, row.action, row.actor_id) for row in watch.rows()][1:] == [
        ("address_asked", "PERMISSION_CHANGE", ada.pk),
        ("address_changed", "PERMISSION_CHANGE", ada.pk),
    ]
    assert mask(link) == "/admin/address/…/"


def test_whoever_was_told_ends_it_by_a_new_password(ada: User, mailoutbox: list[Any]) -> None:
    link = asked_for(inside(ada), mailoutbox)
    ada.set_password("something else entirely")
    ada.save()

    assert Client().post(link).status_code == 404
    assert address_of(ada) == OLD


def test_the_link_is_over_after_half_an_hour_and_with_the_account(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = own_address.link_for(ada, NEW).rpartition("/admin/")[2]
    began = timezone.now().timestamp()
    for minutes, status in ((29, 200), (31, 404)):
        monkeypatch.setattr("time.time", lambda now=began + minutes * 60: now)
        assert Client().get(f"/admin/{link}").status_code == status
    monkeypatch.undo()
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert Client().get(f"/admin/{link}").status_code == 404
    assert Client().get(f"/admin/{link[:-2]}x/").status_code == 404


def test_a_screen_that_was_left_open_is_not_enough(ada: User) -> None:
    app = App(ada, timezone.now() - timedelta(days=1))
    client = inside(ada, code=app.recovery[0])

    for typed in ({"password": "wrong"}, {"password": PASSWORD}, {"code": app.recovery[1]}):
        assert client.post(PAGE, {"email": NEW, **typed}).status_code == 200
    assert not AccountNotice.objects.filter(kind="CONFIRM_ADDRESS").exists()
    proof = {"password": PASSWORD, "code": app.recovery[2]}
    assert client.post(PAGE, {"email": NEW, **proof}).status_code == 302


def test_it_ends_links_to_a_new_password_that_went_to_the_one_before(ada: User) -> None:
    token = default_token_generator.make_token(ada)
    User.objects.filter(pk=ada.pk).update(email=NEW)
    ada.refresh_from_db()

    assert not default_token_generator.check_token(ada, token)


def test_nobody_fills_a_mailbox_that_is_not_theirs(ada: User) -> None:
    client = inside(ada)
    answers = [client.post(PAGE, {"email": NEW, "password": PASSWORD}) for _ in range(4)]

    assert [one.status_code for one in answers] == [302, 302, 302, 429]
