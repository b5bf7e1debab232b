"""The calendar that a practitioner subscribes to."""

from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from gunicorn.config import Config
from rest_framework.test import APIClient

from clinic.http.logs import Logger
from clinic.models import CalendarFeed, Role, User
from sessions.ical import feed
from sessions.lifecycle import Status
from tests.conftest import Booking, client_of
from tests.factories import DAY, HOUR, NINE, PlanFactory, UserFactory
from tests.scheduling.calendar import events, private_words
from tests.support.marked_words import marked, words_marked

pytestmark = pytest.mark.django_db
FEED = "/api/v1/calendar-feed/"


def test_a_feed_has_the_bookings_of_one_practitioner(
    booking: Booking, another_booking: Booking, alice: User
) -> None:
    first = booking.book()
    second = booking.book(NINE + 40 * DAY)
    booking.move(booking.book(NINE + 80 * DAY), Status.CANCELLED)
    another_booking.book()

    found = events(feed(alice, at=NINE))

    assert [event.start for event in found] == [first.starts_at, second.starts_at]
    room = booking.room.name
    assert [event["SUMMARY"] for event in found] == [f"{room} · Session 1", f"{room} · Session 2"]


def test_a_feed_speaks_the_language_of_its_practitioner(booking: Booking, alice: User) -> None:
    booking.book()
    room = booking.room.name
    alice.language = "es"

    with words_marked("es"):
        (event,) = events(feed(alice, at=NINE))

    assert event["SUMMARY"] == f"{room} · {marked('Session ')}1"


def test_a_feed_has_no_private_word(booking: Booking, alice: User) -> None:
    session = booking.book()

    text = feed(alice, at=NINE).decode().lower()

    assert [word for word in private_words(session) if word.lower() in text] == []


def test_a_feed_forgets_what_is_long_over(booking: Booking, alice: User) -> None:
    booking.book()

    assert len(events(feed(alice, at=NINE + 29 * DAY))) == 1
    assert events(feed(alice, at=NINE + 31 * DAY)) == []


def test_a_feed_of_many_sessions_takes_two_queries(
    booking: Booking, alice: User, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        booking.plan = PlanFactory(patient=booking.plan.patient)
        booking.book(NINE + number * DAY)

    with django_assert_num_queries(2):
        assert len(events(feed(alice, at=NINE))) == 5


def opened(client: APIClient) -> str:
    answer = client.post(FEED)
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    return url.removeprefix(settings.PUBLIC_URL)


def test_a_practitioner_opens_renews_and_closes_the_own_calendar(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    at = timezone.now().replace(microsecond=0) + HOUR
    booking.book(at, at=at - HOUR)
    anybody = Client()
    assert as_alice.get(FEED).status_code == 404
    assert as_alice.delete(FEED).json()["code"] == "no_calendar"

    path = opened(as_alice)
    answer = anybody.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert [event.start for event in events(answer.content)] == [at]
    assert anybody.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert set(as_alice.get(FEED).json()) == {"renewed_at"}

    renewed = opened(as_alice)
    assert anybody.get(path).status_code == 404
    assert anybody.get(renewed).status_code == 200

    assert as_alice.delete(FEED).status_code == 204
    assert anybody.get(renewed).status_code == 404


def test_the_database_keeps_only_the_hash_of_the_secret(as_alice: APIClient, alice: User) -> None:
    secret = opened(as_alice).removeprefix("/calendar/").removesuffix(".ics")

    stored = CalendarFeed.objects.get(user=alice)

    assert len(secret) == 43  # 32 random bytes
    assert stored.secret_sha256 == sha256(secret.encode()).hexdigest()


def test_a_calendar_ends_with_the_work_of_its_owner(as_alice: APIClient, alice: User) -> None:
    path = opened(as_alice)

    User.objects.filter(pk=alice.pk).update(role=Role.MANAGER)
    assert Client().get(path).status_code == 404
    User.objects.filter(pk=alice.pk).update(role=Role.PRACTITIONER, is_active=False)
    assert Client().get(path).status_code == 404


def test_each_practitioner_has_a_calendar_of_their_own(as_alice: APIClient, clinic: Any) -> None:
    colleague = client_of(UserFactory(clinic=clinic))

    opened(as_alice)

    assert colleague.get(FEED).status_code == 404
    assert colleague.delete(FEED).status_code == 404
    assert as_alice.get(FEED).status_code == 200


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.MANAGER, Role.ADMIN, Role.AUDITOR])
def test_only_who_treats_has_a_calendar(clinic: Any, role: Role) -> None:
    client = client_of(UserFactory(clinic=clinic, role=role))

    assert {client.get(FEED).status_code, client.post(FEED).status_code} == {403}


@pytest.mark.parametrize("secret", ["x", "0" * 43, "..%2f", "é"])
def test_a_guess_opens_nothing(as_alice: APIClient, secret: str) -> None:
    opened(as_alice)

    assert Client().get(f"/calendar/{secret}.ics").status_code == 404
    assert Client().post(f"/calendar/{secret}.ics").status_code in (404, 405)


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/calendar/not-for-logs.ics", "/calendar/…"),
        ("/p/not-for-logs/settings/", "/p/…/settings/"),
    ],
)
def test_the_access_log_of_production_keeps_the_secret(path: str, logged: str) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"{path}?x=1",
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://clinic.example{path}",
    }
    answer = SimpleNamespace(status="200 OK", sent=10, headers=[])

    atoms = Logger(Config()).atoms(answer, SimpleNamespace(headers=[]), environ, timedelta(0))

    assert atoms["r"] == f"GET {logged}?… HTTP/1.1"
    assert "not-for-logs" not in str(atoms.values())
