"""Programs: what opens with their token, for how long, and what never does."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.http import HttpRequest
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.accounts.backend import SlowedBackend
from clinic.accounts.integrations import make_service_account, warn_of_ends
from clinic.accounts.log_ins import PROVED
from clinic.accounts.notices import send_notices
from clinic.http import counts
from clinic.models import Clinic, Role, ServiceAccount, User
from clinic.permissions import SCOPES, RolePermission, permissions_in
from clinic.tasks import purge_tokens
from tests.admin.pages import client_of as admin_of
from tests.conftest import Booking
from tests.factories import ServiceAccountFactory, UserFactory
from tests.support.accesses import Watch
from tests.support.hostile import NOBODY, World, operations_of
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
LIST, NEW = "/admin/service-accounts/", "/admin/service-accounts/new/"


@kept
def world(clinic: Clinic) -> World:
    return World(clinic)


def token_of(clinic: Clinic, by: User, *scopes: str, days: int = 30) -> tuple[ServiceAccount, str]:
    now = timezone.now()
    return make_service_account(
        name="Website booking",
        clinic=clinic,
        scopes=list(scopes),
        expires_at=now + timedelta(days=days),
        at=now,
        by=by,
    )


def program(token: str, scheme: str = "Bearer") -> APIClient:
    return APIClient(headers={"Authorization": f"{scheme} {token}"})


def test_a_manager_makes_one_sees_its_token_once_and_ends_it(
    manager: User, clinic: Clinic, booking: Booking
) -> None:
    page, watch = admin_of(manager), Watch()
    day = timezone.localdate() + timedelta(days=90)
    typed = {
        "name": "Website booking",
        "clinic": clinic.pk,
        "scopes": ["day", "book"],
        "ends_on": day.isoformat(),
    }

    made = page.post(NEW, typed)
    token = made.context["token"]
    account = ServiceAccount.objects.get()
    assert "no-store" in made["Cache-Control"]
    assert (account.made_by, account.scopes) == (manager, ["book", "day"])
    assert timezone.localtime(account.expires_at, clinic.zone).date() == day + timedelta(days=1)
    assert token not in page.get(LIST).content.decode()
    assert not AuthToken.objects.filter(digest=token).exists()  # a hash of it is kept

    booked = program(token).post("/api/v1/sessions/", booking.body(), format="json")
    assert booked.status_code == 201
    account.refresh_from_db()
    assert account.last_used_at
    row = next(row for row in watch.rows() if row.door == "API")
    assert (row.actor_id, row.role) == (account.user_id, "SERVICE")
    assert str(account.user) == "Website booking"
    assert program(token, "Token").get("/api/v1/me/").json()["role"] == "SERVICE"

    page.post(LIST, {"end": account.pk})
    assert program(token).get("/api/v1/sessions/").status_code == 401
    assert "service_ended" in [row.code for row in watch.rows()]


@pytest.mark.parametrize("days", [-1, 366])
def test_it_ends_within_a_year(manager: User, clinic: Clinic, days: int) -> None:
    day = timezone.localdate(timezone=clinic.zone) + timedelta(days=days)
    typed = {"name": "x", "clinic": clinic.pk, "scopes": ["day"], "ends_on": day.isoformat()}

    answer = admin_of(manager).post(NEW, typed)

    assert "at most a year" in str(answer.context["form"].errors["ends_on"])
    assert not ServiceAccount.objects.exists()


def test_who_made_nothing_lately_says_again_who_they_are(manager: User) -> None:
    page = admin_of(manager)
    session = page.session
    session[PROVED] = (timezone.now() - timedelta(minutes=60)).timestamp()
    session.save()

    assert page.get(LIST).status_code == 200
    for asked in (page.get(NEW), page.post(NEW, {}), page.post(LIST, {"end": NOBODY})):
        assert asked["Location"].startswith(reverse("proof"))


def test_only_managers_make_them_and_only_of_their_clinics(
    manager: User, other_clinic: Clinic
) -> None:
    for role in Role.values:
        page = admin_of(UserFactory(role=role, clinic=manager.clinics.get()))
        assert (page.get(NEW).status_code == 200) == (role == Role.MANAGER), role
        assert (page.get(LIST).status_code == 200) == (role in (Role.MANAGER, Role.AUDITOR)), role
    foreign: Any = ServiceAccountFactory(clinic=other_clinic, name="Of another clinic")
    page = admin_of(manager)
    typed = {"name": "x", "clinic": other_clinic.pk, "scopes": ["day"], "ends_on": "2030-01-01"}

    assert "clinic" in page.post(NEW, typed).context["form"].errors
    assert "Of another clinic" not in page.get(LIST).content.decode()
    page.post(LIST, {"end": foreign.pk})
    foreign.refresh_from_db()
    assert foreign.ended_at is None


def test_use_does_not_put_off_its_end(manager: User, clinic: Clinic) -> None:
    account, token = token_of(clinic, manager, "day")
    AuthToken.objects.update(created=timezone.now() - timedelta(days=29))  # no 12 hours, no idling
    assert program(token).get("/api/v1/sessions/").status_code == 200
    assert AuthToken.objects.get().expiry == account.expires_at

    ServiceAccount.objects.update(expires_at=timezone.now())
    assert program(token).get("/api/v1/sessions/").status_code == 401
    AuthToken.objects.update(expiry=timezone.now())
    ServiceAccount.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert program(token).get("/api/v1/sessions/").status_code == 401
    purge_tokens()
    assert not AuthToken.objects.exists()


def test_no_log_in_and_no_page_of_staff_lets_a_program_in(manager: User, clinic: Clinic) -> None:
    account, _ = token_of(clinic, manager, *SCOPES)
    request = HttpRequest()
    assert not account.user.has_usable_password()
    assert not SlowedBackend().user_can_authenticate(account.user)
    assert (
        SlowedBackend().authenticate(request, username=account.user.username, password="!") is None
    )
    browser = Client()
    browser.force_login(account.user)
    assert browser.get("/admin/").status_code == 302
    listed = admin_of(manager).get(reverse("admin:clinic_user_changelist")).content.decode()
    assert account.user.username not in listed


def needed_by(url: str, method: str) -> str | None:
    view: Any = resolve(url).func
    if hasattr(view, "actions"):
        return RolePermission().needed(view.cls(action=view.actions[method]))
    found: str | None = getattr(view.view_class, "permissions", {}).get(method)
    return found


def test_each_scope_opens_what_it_names_and_all_others_together_do_not(
    clinic: Clinic, world: World
) -> None:
    """Every operation of the API's description."""
    tokens: dict[tuple[str, ...], str] = {}
    faults, tried, opened = [], 0, set()
    for one in operations_of(world):
        needed = needed_by(one.url, one.method.lower())
        if needed is None:
            continue  # of whoever has a token: who am I, and log-out
        naming = [scope for scope in SCOPES if needed in permissions_in([scope])]
        others = tuple(scope for scope in SCOPES if scope not in naming)
        for scopes in (others, *((scope,) for scope in naming)):
            if scopes not in tokens:
                _, tokens[scopes] = token_of(clinic, world.users[Role.MANAGER], *scopes)
            status = program(tokens[scopes]).generic(one.method, one.url).status_code
            tried += 1
            if (status == 403) != (scopes == others):
                faults.append(f"{one.name} needs {needed}, with {scopes}: {status}")
        opened.update(naming)

    assert not faults, "\n".join(faults)
    assert opened == {*SCOPES}
    assert tried > 250


def test_another_clinics_rows_do_not_exist_for_it(
    manager: User, clinic: Clinic, other_clinic: Clinic
) -> None:
    world = World(other_clinic)
    _, token = token_of(clinic, manager, *SCOPES)
    asked = 0
    for one in operations_of(world):
        if one.method == "GET" and "{id}" in one.path and one.path.count("/") == 5:
            answer = program(token).get(one.url)
            asked += 1
            shared = one.path.split("/")[3] in ("zones", "protocols", "device-models", "concerns")
            assert answer.status_code in ((200, 403, 404) if shared else (403, 404)), one.name
    assert asked > 20


def test_one_that_asks_too_often_waits(
    manager: User, clinic: Clinic, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLES = {"service": 2}
    monkeypatch.setattr("time.time", lambda: 60 * 29_000_000 + 18.7)
    monkeypatch.setattr(counts, "_count", counts._Count())
    _, token = token_of(clinic, manager, "day")

    answers = [program(token).get("/api/v1/rooms/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "42"
    assert answers[2].json()["code"] == "throttled"


def test_managers_are_told_two_weeks_before_once(manager: User, clinic: Clinic) -> None:
    manager.email = "manager@clinic.example"
    manager.save()
    now = timezone.now()
    token_of(clinic, manager, "day", days=15)
    warn_of_ends(at=now)
    send_notices(at=now)
    assert mail.outbox == []

    for at in (now + timedelta(days=1), now + timedelta(days=2)):
        warn_of_ends(at=at)
        send_notices(at=now)

    (sent,) = mail.outbox
    assert sent.to == ["manager@clinic.example"]
    assert "Website booking" in sent.body
    assert LIST in sent.body
