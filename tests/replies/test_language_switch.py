"""At the foot of each page a patient changes the language, for the pages and for messages."""

import re

import pytest
from django.test import Client

from aftercare.models import Message
from sessions.lifecycle import Status
from tests.factories import DAY, this_hour
from tests.replies.pages import get, make, parts, post, url

pytestmark = pytest.mark.django_db


def test_one_press_shows_the_same_page_in_the_other_language_and_back() -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)
    spoken = {"es": "Español", "en": "English"}

    for code, name in spoken.items():
        for part in ("", "today/", "check/1/?a=worse", "write/"):
            assert f'lang="{code}">{name}</button>' in get(message, part)
        answer = post(
            message, "language/", language=code, this_page=url(message, "check/1/?a=worse")
        )
        assert answer["Location"] == url(message, "check/1/?a=worse")
        message.patient.refresh_from_db()
        assert message.patient.language == code
        assert f'<html lang="{code}">' in get(message, "check/1/?a=worse")


@pytest.mark.parametrize("page", ["", "https://evil.example/", "//evil.example", "/admin/"])
def test_nobody_is_led_to_another_page_than_of_this_link(message: Message, page: str) -> None:
    answer = post(message, "language/", language="es", this_page=page)

    assert answer["Location"] == url(message)


@pytest.mark.parametrize("language", ["", "xx", "EN", "es\x00"])
def test_a_language_that_there_is_not_is_refused(message: Message, language: str) -> None:
    answer = post(message, "language/", language=language)

    assert answer.status_code == 400
    assert "choose one of the languages" in answer.content.decode()
    message.patient.refresh_from_db()
    assert message.patient.language == "en"


def test_every_page_that_can_be_opened_has_the_switch(message: Message) -> None:
    shown = {}
    for part in parts():
        if part == "not-me/":  # who reads it is not the patient whose language the switch changes
            continue
        answer = Client().get(url(message, part), follow=True)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            shown[part] = bool(re.search(r'name="language" value="es"', answer.content.decode()))

    assert len(shown) > 5
    assert all(shown.values()), shown
