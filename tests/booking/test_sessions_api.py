"""Sessions and their verbs over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.models import User
from patients.models import Patient
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, of_treatment
from tests.conftest import AS_IT_IS, Booking
from tests.factories import DAY, HOUR, NINE, SessionFactory
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


@pytest.fixture
def soon() -> datetime:
    """A start that is near enough to check in now."""
    return timezone.now().replace(microsecond=0) + HOUR


def test_the_desk_books(as_dana: APIClient, dana: User, booking: Booking) -> None:
    answer = as_dana.post(SESSIONS, booking.body())

    assert answer.status_code == 201
    body = answer.json()
    assert body["status"] == "BOOKED"
    assert body["starts_at"] == "2030-01-07T09:00:00Z"
    assert body["ends_at"] == "2030-01-07T10:00:00Z"
    assert body["patient_name"] == booking.plan.patient.full_name
    assert TreatmentSession.objects.get().events.get().by == dana


def test_a_booking_takes_eight_queries_with_the_caller_and_the_form(
    dana: User, booking: Booking, another_booking: Booking, client: Client, catalogue: None
) -> None:
    """With the whole sequence that ships: the token, what the body names with the version of the
    protocol, the locks with how it stands; the session, its history; the sequence with how the
    patient can be reached; the messages; and that it was made."""
    _, token = AuthToken.objects.create(dana)
    another_booking.book()  # teaches the connection its statements

    with CaptureQueriesContext(connection) as queries:
        answer = client.post(
            SESSIONS,
            booking.body(),
            content_type="application/json",
            headers={"Authorization": f"Token {token}"},
        )

    assert answer.status_code == 201
    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 7 + RECORDED, "\n".join(asked)


def test_a_list_says_what_a_single_session_says(as_dana: APIClient, booking: Booking) -> None:
    """The rows of the list are made by PostgreSQL, the single one by a serializer."""
    session = booking.book()
    services.move_session(
        session_id=session.pk, to=Status.CONFIRMED, at=NINE - DAY, by=booking.practitioner
    )
    TreatmentSession.objects.filter(pk=session.pk).update(
        spacing_override_reason="Line one\n“two”", spacing_override_by=booking.practitioner
    )
    like_a_token = '","abort_note":"gAAAAA'  # and is none: it is shown as it was typed
    Patient.objects.filter(pk=session.patient_id).update(
        given_name=like_a_token, family_name='"abort_note":"gAAAAA"'
    )

    listed = as_dana.get(SESSIONS, {"date": "2030-01-07"}).json()["results"]

    alone = as_dana.get(f"{SESSIONS}{session.pk}/").json()
    assert [area["session"] for area in alone.pop("areas")] == [str(session.pk)]
    assert listed == [alone]


def test_a_day_of_hundreds_comes_as_one_page(as_dana: APIClient, booking: Booking) -> None:
    for days in range(3):
        booking.book(NINE + 28 * days * DAY)

    whole = as_dana.get(SESSIONS, {"page_size": 1000}).json()
    pages, url = [], f"{SESSIONS}?page_size=1"
    while url:
        page = as_dana.get(url).json()
        pages += page["results"]
        url = page["next"]

    assert whole["next"] is None
    assert whole["results"] == pages
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plan", None),
        ("plan", "no-uuid"),
        ("plan", {"id": 1}),
        ("plan", "01890000-0000-7000-8000-000000000000"),
        ("starts_at", "2030-03-31T02:30:00"),
        ("starts_at", "tomorrow"),
        ("starts_at", 7),
        ("starts_at", "0001-01-01T00:00:00+14:00"),
        ("starts_at", "9999-12-31T23:59:59-12:00"),
        ("practitioner", "null"),
        ("room", []),
        ("device", ""),
        ("spacing_override_reason", ""),
    ],
)
def test_bad_input_is_named_and_books_nothing(
    as_dana: APIClient, booking: Booking, field: str, value: object
) -> None:
    answer = as_dana.post(SESSIONS, {**booking.body(), field: value})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert not TreatmentSession.objects.exists()


def test_refusals_carry_the_codes_of_the_contract(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    booking.book()

    def refused(body: dict[str, Any]) -> tuple[int, str, str]:
        answer = as_dana.post(SESSIONS, body)
        problem = answer.json()
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, problem["code"], problem["errors"][0]["pointer"]

    for name in ("practitioner", "room", "device"):
        clash = {**another_booking.body(), name: str(getattr(booking, name).pk)}
        assert refused(clash) == (409, f"{name}_taken", f"/{name}")
    assert refused(booking.body(NINE + 7 * DAY)) == (409, "too_soon", "/starts_at")
    booking.plan.clinic.opening_hours.all().delete()
    assert refused(another_booking.body()) == (409, "closed", "/starts_at")
    past = another_booking.body(NINE.replace(year=2020))
    assert refused(past) == (422, "in_the_past", "/starts_at")


def test_too_soon_names_the_earliest_date(as_dana: APIClient, booking: Booking) -> None:
    session = booking.book()

    problem = as_dana.post(SESSIONS, booking.body(NINE + 7 * DAY)).json()

    assert problem["earliest_at"] == "2030-02-04T09:00:00Z"
    assert problem["earliest_on"] == "2030-02-04"
    assert problem["hard_min_days"] == 28
    assert problem["conflicting_session"] == str(session.pk)


def test_a_practitioner_overrides_with_a_reason_and_the_desk_cannot(
    as_dana: APIClient, as_alice: APIClient, booking: Booking
) -> None:
    booking.book()
    body = booking.body(NINE + 7 * DAY, spacing_override_reason="Seen, healed")

    assert as_dana.post(SESSIONS, body).json()["code"] == "override_not_allowed"
    assert as_alice.post(SESSIONS, body).status_code == 201


def test_desk_and_practitioner_lead_a_session_through_its_day(
    as_dana: APIClient, as_alice: APIClient, booking: Booking, soon: datetime
) -> None:
    url = f"{SESSIONS}{as_dana.post(SESSIONS, booking.body(soon)).json()['id']}/"

    booking.ready(soon)
    assert as_dana.post(f"{url}confirm/").json()["status"] == "CONFIRMED"
    assert as_dana.post(f"{url}check-in/").json()["status"] == "CHECKED_IN"
    assert as_alice.post(f"{url}start/").json()["status"] == "IN_PROGRESS"
    assert as_alice.post(f"{url}complete/").json()["code"] == "nothing_charted"
    chart = {"zones": [{"zone": booking.zone.code, "depth_mm": "1.50", "passes": 6}]}
    assert as_alice.put(f"{url}chart/", chart, headers=AS_IT_IS).status_code == 200
    undecided = as_alice.post(f"{url}complete/").json()
    assert undecided["code"] == "unresolved_findings"
    assert [finding["code"] for finding in undecided["findings"]] == ["cartridge_missing"]
    scanned = as_alice.post(f"{url}cartridges/", {"code": booking.cartridge()})
    assert scanned.status_code == 201
    done = as_alice.post(f"{url}complete/").json()
    assert (done["status"], bool(done["completed_at"])) == ("COMPLETED", True)
    again = as_alice.post(f"{url}complete/")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    events = as_dana.get(f"{url}events/").json()["results"]
    assert [event["new_status"] for event in events] == [
        "BOOKED",
        "CONFIRMED",
        "CHECKED_IN",
        "IN_PROGRESS",
        "COMPLETED",
    ]


def test_a_cancellation_keeps_its_reason(as_dana: APIClient, booking: Booking) -> None:
    session = booking.book()

    answer = as_dana.post(f"{SESSIONS}{session.pk}/cancel/", {"reason": "has a cold"})

    assert answer.json()["status"] == "CANCELLED"
    assert session.events.order_by("id").last().reason == "has a cold"  # type: ignore[union-attr]


@pytest.mark.parametrize("move", [False, True])
def test_a_refusal_with_a_key_offers_other_times_and_leaves_the_key_free(
    as_dana: APIClient, booking: Booking, another_booking: Booking, move: bool
) -> None:
    """They are looked for once all that the request did is rolled back: its old time is taken."""
    mine, taken = booking.book(), another_booking.book(NINE + DAY)
    url = f"{SESSIONS}{mine.pk}/reschedule/" if move else SESSIONS
    at_once = {"practitioner": str(taken.practitioner_id), "starts_at": taken.starts_at.isoformat()}
    later = {**at_once, "starts_at": (NINE + DAY + 3 * HOUR).isoformat()}
    if not move:
        mine.move_to(Status.CANCELLED, at=NINE - DAY, by=booking.practitioner)
        at_once, later = booking.body() | at_once, booking.body() | later

    refused, done = (
        as_dana.post(url, body, headers={"Idempotency-Key": "once"}) for body in (at_once, later)
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "practitioner_taken")
    assert len(refused.json()["alternatives"]) == 3
    assert (done.status_code, done.headers.get("Idempotency-Replayed")) == (201, None)


def test_a_move_takes_twenty_three_queries_with_a_key_and_what_was_seen(
    as_dana: APIClient, booking: Booking, another_booking: Booking, catalogue: None
) -> None:
    """The object is read once with its version, and once more behind the locks; the version of the
    new one is known from its insert."""
    headers: dict[str, Any] = {}
    for name, booked in (("teaches", another_booking.book()), ("counts", booking.book())):
        seen = as_dana.get(f"{SESSIONS}{booked.pk}/").headers["ETag"]
        headers |= {"If-Match": seen, "Idempotency-Key": name}
        url, to = f"{SESSIONS}{booked.pk}/reschedule/", (NINE + DAY).isoformat()
        with CaptureQueriesContext(connection) as queries:
            answer = as_dana.post(url, {"starts_at": to}, headers=headers)
        assert answer.status_code == 201, answer.json()
        asked = [query["sql"] for query in queries]

    read = as_dana.get(f"{SESSIONS}{answer.json()['id']}/").headers["ETag"]
    assert read.partition("-")[0] == answer.headers["ETag"].partition("-")[0]
    savepoints = [sql for sql in asked if "SAVEPOINT" in sql]  # the test's own transaction
    assert (len(asked) - len(savepoints), len(savepoints)) == (23, 2), "\n".join(asked)


def test_the_desk_moves_a_session_to_another_time(as_dana: APIClient, booking: Booking) -> None:
    session = booking.book()

    answer = as_dana.post(
        f"{SESSIONS}{session.pk}/reschedule/", {"starts_at": (NINE + DAY).isoformat()}
    )

    assert answer.status_code == 201
    assert answer.json()["rescheduled_from"] == str(session.pk)
    assert as_dana.get(f"{SESSIONS}{session.pk}/").json()["status"] == "CANCELLED"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_session_is_changed_by_verbs_only(
    as_alice: APIClient, booking: Booking, method: str
) -> None:
    session = booking.book()

    answer = getattr(as_alice, method)(f"{SESSIONS}{session.pk}/", {"status": "COMPLETED"})

    assert answer.status_code == 405
    assert TreatmentSession.objects.get().status == Status.BOOKED


def test_lists_are_filtered_by_local_days(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    late = booking.book(NINE.replace(hour=22, minute=30))  # 23:30 in Berlin
    next_day = another_booking.book(NINE.replace(hour=23, minute=30))  # 00:30 on the 8th

    def found(query: str) -> list[str]:
        return [s["id"] for s in as_dana.get(f"{SESSIONS}?{query}").json()["results"]]

    assert found("date=2030-01-07") == [str(late.pk)]
    assert found("from=2030-01-08") == [str(next_day.pk)]
    assert found("from=2030-01-07&to=2030-01-08") == [str(late.pk), str(next_day.pk)]
    assert found(f"practitioner={booking.practitioner.pk}") == [str(late.pk)]
    assert found(f"room={another_booking.room.pk}") == [str(next_day.pk)]
    assert found(f"patient={booking.plan.patient_id}&status=BOOKED&status=CONFIRMED") == [
        str(late.pk)
    ]
    assert found("status=CANCELLED") == []


@pytest.mark.parametrize(
    "query", ["date=7.1.2030", "status=LOST", "room=7", "practitioner=%00", "colour=red"]
)
def test_a_wrong_filter_is_named(as_dana: APIClient, query: str) -> None:
    answer = as_dana.get(f"{SESSIONS}?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_the_day_list_takes_a_fixed_number_of_queries(
    as_dana: APIClient, clinic: Any, django_assert_num_queries: Any
) -> None:
    for count in (1, 5):
        for number in range(count):
            start = NINE + number * DAY + count * HOUR
            SessionFactory(plan__patient__clinic=clinic, starts_at=start)
        with django_assert_num_queries(1 + RECORDED):  # the sessions with names
            as_dana.get(f"{SESSIONS}?from=2030-01-01&to=2030-02-01")


def test_an_etag_saves_a_second_answer(as_dana: APIClient, booking: Booking) -> None:
    url = f"{SESSIONS}{booking.book().pk}/"
    etag = as_dana.get(url)["ETag"]

    assert as_dana.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304


def test_the_catalogues_are_listed(as_dana: APIClient, booking: Booking) -> None:
    for name in ("zones", "protocols", "concerns", "rooms", "devices"):
        assert len(as_dana.get(f"/api/v1/{name}/").json()["results"]) == 1, name
    staff = as_dana.get("/api/v1/practitioners/").json()["results"]
    assert str(booking.practitioner.pk) in {person["id"] for person in staff}
    assert {person["role"] for person in staff} == {"PRACTITIONER"}


def test_times_far_apart_do_not_hold_each_other_up(booking: Booking) -> None:
    first = booking.book()

    assert booking.book(of_treatment(first.recovers_at) + timedelta(days=1))
