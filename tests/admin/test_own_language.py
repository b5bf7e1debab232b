"""Each member of staff works in a language of their own, and a program in English."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from aftercare.pages.base import form_key
from clinic.models import Clinic, Role, User
from patients.models import StaffTask
from sessions.lifecycle import Status
from tests.admin.pages import client_of, url
from tests.factories import DAY, RoomFactory, UserFactory, this_hour
from tests.replies.pages import make
from tests.replies.pages import url as patient_url
from tests.support.forms import fields_of
from tests.support.marked_words import BEGIN, words_marked
from tests.support.words import visible

pytestmark = pytest.mark.django_db
ROOMS = "/admin/clinic/room/?is_active__exact=1"


@pytest.fixture
def ada(clinic: Any) -> User:
    return UserFactory(role=Role.MANAGER, clinic=clinic)


def choose(user: User, language: str, *, referer: str = "") -> Any:
    headers = {"referer": referer} if referer else {}
    return client_of(user).post(reverse("own-language"), {"language": language}, headers=headers)


def language_of(user: User) -> str:
    user.refresh_from_db()
    return user.language


def test_it_is_chosen_and_the_page_is_shown_anew(ada: User) -> None:
    answer = choose(ada, "es", referer=f"http://testserver{ROOMS}")

    assert (answer.status_code, answer["Location"]) == (302, ROOMS)
    assert language_of(ada) == "es"
    assert client_of(ada).get(ROOMS)["Content-Language"] == "es"
    choose(ada, "en")
    assert client_of(ada).get(ROOMS)["Content-Language"] == "en"


@pytest.mark.parametrize("referer", ["", "https://elsewhere.example/admin/clinic/room/"])
def test_nobody_is_led_to_another_site(ada: User, referer: str) -> None:
    assert choose(ada, "es", referer=referer)["Location"] == reverse("admin:index")


@pytest.mark.parametrize("language", ["", "fr", "es-MX", "../en"])
def test_what_is_not_offered_changes_nothing(ada: User, language: str) -> None:
    assert choose(ada, language).status_code == 302
    assert language_of(ada) == "en"


def test_it_is_chosen_by_a_press_and_not_by_a_link(ada: User) -> None:
    assert client_of(ada).get(reverse("own-language"), {"language": "es"}).status_code == 405
    assert language_of(ada) == "en"


def test_nobody_chooses_before_the_log_in(ada: User) -> None:
    answer = Client().post(reverse("own-language"), {"language": "es"})

    assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("es-MX,es;q=0.9,en;q=0.5", "es"), ("en-US,es;q=0.5", "en"), ("fr", "en"), ("", "en")],
)
def test_the_log_in_is_in_the_language_of_the_browser(accepted: str, language: str) -> None:
    page = Client().get(reverse("admin:login"), headers={"accept-language": accepted})

    assert page["Content-Language"] == language
    assert f'<html lang="{language}"' in page.content.decode()


def test_a_page_does_not_claim_a_language_that_has_no_words(settings: Any) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("fr", "Français")]

    page = Client().get(reverse("admin:login"), headers={"accept-language": "fr"})

    assert page["Content-Language"] == "en"


def test_pages_are_in_it_and_the_api_is_not(ada: User) -> None:
    choose(ada, "es")
    api = APIClient()
    api.force_login(ada)

    with words_marked("es"):
        page = client_of(ada).get(ROOMS)
        refused = APIClient().post(
            "/api/v1/auth/login/",
            {"username": ada.username, "password": "wrong"},
            headers={"accept-language": "es"},
        )
        listed = api.get("/api/v1/patients/?unknown=1", headers={"accept-language": "es"})

    assert BEGIN in page.content.decode()
    for answer in (refused, listed):
        assert 400 <= answer.status_code < 500
        assert BEGIN not in answer.content.decode()
        assert answer.get("Content-Language", "en") == "en"


def test_what_a_press_answers_is_in_the_language_of_who_pressed(clinic: Clinic) -> None:
    room = RoomFactory(clinic=clinic, name="One")
    client = client_of(UserFactory(role=Role.MANAGER, clinic=clinic, language="es"))
    page = url(room)
    typed = fields_of(client.get(page))

    saved = client.post(page, {**typed, "name": "Two", "_save": "1"}, follow=True)

    assert "cambió correctamente" in visible(saved), visible(saved)[:600]


def test_what_a_patient_presses_is_written_down_in_english(clinic: Clinic) -> None:
    message = make(this_hour() + 2 * DAY, Status.BOOKED, session__plan__patient__clinic=clinic)
    patient = message.patient
    patient.language = "es"
    patient.save()
    form = {"form": form_key(message), "text": "¿Es normal?"}

    answer = Client().post(patient_url(message, "write/"), form, follow=True)

    assert answer.status_code == 200
    task = StaffTask.objects.filter(patient=patient).latest("id")
    assert task.title.startswith("Has written: "), task.title
