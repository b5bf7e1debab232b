"""A patient presses a button twice, and both presses arrive at the same moment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client

from aftercare.models import Message
from aftercare.pages import base
from sessions.lifecycle import Status
from tests.concurrency.test_twins import at_once
from tests.factories import DAY, this_hour
from tests.replies.pages import make, status, url
from tests.replies.test_patient_pages import everything

FORMS: dict[str, dict[str, str]] = {
    "confirm/": {},
    "change/": {"text": "Any Friday"},
    "write/": {"text": "Is this normal?"},
    "settings/": {"shown": "", "EMAIL-CARE": "on", "SMS-RECALL": "on"},
    "unsubscribe/": {"List-Unsubscribe": "One-Click"},
}


@pytest.mark.parametrize("part", FORMS)
def test_two_presses_at_once_are_done_once(part: str) -> None:
    once, twice = (make(this_hour() + DAY, Status.BOOKED) for _ in range(2))
    before = everything()
    press(once, part)
    done = [after - earlier for after, earlier in zip(everything(), before, strict=True)]

    form = {"form": base.form_key(twice), **FORMS[part]}
    answers = at_once(*[lambda: Client().post(url(twice, part), form)] * 4)

    assert {answer.status_code for answer in answers} <= {200, 303}
    both = [after - earlier for after, earlier in zip(everything(), before, strict=True)]
    assert both == [2 * number for number in done]
    assert status(twice) == status(once)


def press(message: Message, part: str) -> Any:
    return Client().post(url(message, part), {"form": base.form_key(message), **FORMS[part]})


@contextmanager
def busy(where: Any, name: str) -> Iterator[None]:
    class Locked(Exception):
        sqlstate = "55P03"

    error = OperationalError("somebody else holds it")
    error.__cause__ = Locked()
    with (
        patch.object(where, name, side_effect=error),
        patch("clinic.db.retries.PAUSE_SECONDS", 0),
    ):
        yield


PREFERENCES = sys.modules["aftercare.pages.settings"]


@pytest.mark.parametrize("name", ["lock", "has_written_enough"])  # in a service, and beside it
@pytest.mark.parametrize(("language", "words"), [("en", "press the button"), ("es", "Pulse")])
def test_a_patient_hears_in_their_language_that_it_is_busy(
    language: str, words: str, name: str
) -> None:
    message = make(this_hour() + DAY, Status.BOOKED)
    message.patient.language = language
    message.patient.save()

    with busy(PREFERENCES, name):
        answer = press(message, "settings/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert words in answer.content.decode()
