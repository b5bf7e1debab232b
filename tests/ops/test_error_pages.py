"""Whatever cannot be shown says so in words, with a way back, also while the database is away."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory, override_settings

from aftercare.texts import links
from clinic.models import Clinic, User
from clinic.ops import error_pages
from tests.factories import MessageFactory
from tests.support.words import faults_in, visible

pytestmark = pytest.mark.django_db
HOME = '<a href="/admin/">'


@pytest.fixture
def desk(dana: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(dana)
    return client


def test_a_page_that_does_not_exist_leads_back(desk: Client) -> None:
    came_from = "http://testserver/admin/patients/patient/?q=hopper"

    answer = desk.get("/admin/nothing/here/", headers={"Referer": came_from})
    page = answer.content.decode()

    assert answer.status_code == 404
    assert "There is no such page" in page
    assert HOME in page
    assert '<a href="/admin/patients/patient/?q=hopper">Go back</a>' in page


@pytest.mark.parametrize(
    "referer",
    ["", "https://evil.example/admin/", "javascript:alert(1)", "http://[", "//testserver/x"],
)
def test_only_a_page_of_ours_is_led_back_to(desk: Client, referer: str) -> None:
    page = desk.get("/admin/nothing/here/", headers={"Referer": referer}).content.decode()

    assert "Go back</a>" not in page
    assert HOME in page


def test_a_page_of_another_role_says_so(desk: Client) -> None:
    answer = desk.get("/admin/patients/screening/")

    assert answer.status_code == 403
    assert "not part of your role" in answer.content.decode()
    assert HOME in answer.content.decode()


def test_a_form_without_its_token_says_so(dana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(dana)

    answer = client.post("/admin/patients/patient/add/", {"given_name": "Grace"})

    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()
    assert HOME in answer.content.decode()


def test_a_wrong_method_is_no_blank_page(desk: Client) -> None:
    answer = desk.get("/admin/logout/")

    assert answer.status_code == 405
    assert answer["Allow"]
    assert "cannot be opened like this" in answer.content.decode()


class Away:
    """The database does not answer from here on."""

    def __enter__(self) -> None:
        self.guard = connection.execute_wrapper(self.refuse)
        self.guard.__enter__()

    def __exit__(self, *args: Any) -> None:
        self.guard.__exit__(*args)

    def refuse(self, *_: Any) -> None:
        raise OperationalError("connection refused")


@pytest.mark.parametrize("path", ["/admin/", "/admin/patients/patient/", "/admin/login/"])
def test_without_a_database_staff_get_words(desk: Client, path: str) -> None:
    with Away():
        answer = desk.get(path)

    assert answer.status_code in (200, 503)  # the form to log in needs none
    if answer.status_code == 503:
        assert answer["Retry-After"]
        assert "cannot be reached at the moment" in answer.content.decode()
    assert not faults_in(visible(answer))


def test_without_a_database_patients_get_kind_words() -> None:
    token = links.token_for(MessageFactory())
    client = Client(raise_request_exception=False)

    with Away():
        answer = client.get(f"/p/{token}/")

    assert answer.status_code == 503
    page = answer.content.decode()
    assert "Please try again in a few minutes" in page
    assert "Inténtelo de nuevo" in page
    assert answer["Cache-Control"] == "no-store"
    assert "admin" not in page


def test_a_patient_whose_address_is_wrong_is_told_whom_to_call(clinic: Clinic) -> None:
    token = links.token_for(MessageFactory(session__plan__patient__clinic=clinic))

    answer = Client().get(f"/p/{token}/nothing/")

    assert answer.status_code == 404
    assert clinic.phone.as_international in answer.content.decode()
    assert f'href="/p/{token}/"' in answer.content.decode()
    nobody = Client().get("/p/no-token/nothing/")
    assert (nobody.status_code, 'href="tel:' in nobody.content.decode()) == (404, False)


def test_every_error_page_is_words_without_asking_for_anything() -> None:
    """Of staff and of patients, by every handler: no statement, no session, no fault in it."""
    handlers = [
        lambda request: error_pages.bad_request(request, SuspiciousOperation()),
        lambda request: error_pages.forbidden(request, PermissionDenied()),
        lambda request: error_pages.not_found(request, Http404()),
        error_pages.csrf_failure,
        error_pages.server_error,
    ]
    failures = []
    for path in ("/", "/admin/x/", "/inbox/", "/p/no-token/", "/p/x/write/", "/calendar/x.ics"):
        for handler in handlers:
            request: HttpRequest = RequestFactory().get(path)
            answer = handler(request)
            text = visible(answer)
            has_way_back = "href=" in answer.content.decode() or path.startswith("/p/")
            failures += [(path, fault) for fault in faults_in(text)]
            if answer.status_code < 400 or not has_way_back:
                failures.append((path, str(answer.status_code)))

    assert not failures


@override_settings(ALLOWED_HOSTS=["clinic.example"])
def test_a_wrong_host_is_a_page_too() -> None:
    answer = Client(raise_request_exception=False).get("/admin/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "This could not be read" in answer.content.decode()


def test_without_a_cache_people_can_log_in(dana: User, settings: Any) -> None:
    """Over the API and in the admin: a cache that is down decides nothing."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9"}}
    dana.set_password("Correct horse 9")
    dana.save()
    given = {"username": dana.username, "password": "Correct horse 9"}

    by_api = Client().post("/api/v1/auth/login/", given, content_type="application/json")
    in_admin = Client().post("/admin/login/?next=/admin/", given)

    assert by_api.status_code == 200
    assert in_admin.status_code == 302
