"""A request that is sent twice is done once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.http.idempotency import KEPT
from clinic.models import IdempotencyKey, User
from clinic.tasks import purge_idempotency_keys
from patients.models import Patient
from sessions.models import TreatmentPlan, TreatmentSession
from tests.conftest import Booking, client_of
from tests.factories import DAY, HOUR, NINE, PatientFactory, ProtocolFactory

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"
KEY = {"Idempotency-Key": "4f1c 2d"}


def post(client: APIClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, headers={**KEY, **headers})


def test_the_second_answer_is_the_first_one_byte_for_byte(
    as_dana: APIClient, booking: Booking
) -> None:
    first = post(as_dana, SESSIONS, booking.body())
    again = post(as_dana, SESSIONS, booking.body())

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert TreatmentSession.objects.count() == 1


def test_the_answer_stays_the_same_when_the_session_has_changed(
    as_dana: APIClient, booking: Booking
) -> None:
    first = post(as_dana, SESSIONS, booking.body())
    as_dana.post(f"{SESSIONS}{first.json()['id']}/cancel/")

    assert post(as_dana, SESSIONS, booking.body()).content == first.content


def test_the_order_of_members_does_not_matter(as_dana: APIClient, booking: Booking) -> None:
    body = booking.body()
    post(as_dana, SESSIONS, body)

    again = post(as_dana, SESSIONS, dict(reversed(body.items())))

    assert again["Idempotency-Replayed"] == "true"


def test_another_body_or_address_with_the_same_key_is_refused(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    session = post(as_dana, SESSIONS, booking.body()).json()["id"]

    bodies = [another_booking.body(), booking.body(NINE + HOUR), {}]
    answers = [post(as_dana, SESSIONS, body) for body in bodies]
    answers.append(post(as_dana, f"{SESSIONS}{session}/reschedule/", booking.body()))

    assert {answer.status_code for answer in answers} == {422}
    assert {answer.json()["code"] for answer in answers} == {"idempotency_key_reused"}
    assert TreatmentSession.objects.count() == 1


def test_keys_belong_to_those_who_sent_them(
    as_dana: APIClient, as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    post(as_dana, SESSIONS, booking.body())

    answer = post(as_alice, SESSIONS, another_booking.body())

    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer


def test_a_refusal_leaves_the_key_free(
    as_dana: APIClient, booking: Booking, another_booking: Booking
) -> None:
    booking.book()
    clash = another_booking.body(room=str(booking.room.pk))
    assert post(as_dana, SESSIONS, clash).status_code == 409
    assert post(as_dana, SESSIONS, {}).status_code == 400
    assert not IdempotencyKey.objects.exists()

    answer = post(as_dana, SESSIONS, another_booking.body())

    assert answer.status_code == 201


def test_without_a_key_every_request_counts(as_dana: APIClient, booking: Booking) -> None:
    assert as_dana.post(SESSIONS, booking.body()).status_code == 201
    assert as_dana.post(SESSIONS, booking.body()).status_code == 409
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 101, "tab\t", "straße"])
def test_a_key_is_short_and_printable(as_dana: APIClient, booking: Booking, key: str) -> None:
    answer = as_dana.post(SESSIONS, booking.body(), headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert not TreatmentSession.objects.exists()


def test_a_session_is_moved_once(as_dana: APIClient, booking: Booking) -> None:
    url = f"{SESSIONS}{booking.book().pk}/reschedule/"
    body = {"starts_at": (NINE + DAY).isoformat()}

    first, again = post(as_dana, url, body), post(as_dana, url, body)

    assert (first.status_code, again.content) == (201, first.content)
    assert TreatmentSession.objects.count() == 2


def test_a_plan_is_made_once(as_alice: APIClient, alice: User) -> None:
    protocol = ProtocolFactory()
    body = {
        "patient": str(PatientFactory(clinic=alice.clinics.get()).pk),
        "concern": protocol.concern_id,
        "area": protocol.area_id,
        "protocol": str(protocol.pk),
    }

    first, again = (post(as_alice, "/api/v1/plans/", body) for _ in range(2))

    assert (first.status_code, again.content) == (201, first.content)
    assert TreatmentPlan.objects.count() == 1


def test_a_patient_is_registered_once_and_the_etag_comes_back(as_dana: APIClient) -> None:
    body = {"given_name": "Ada", "family_name": "Byron", "date_of_birth": "1990-12-10"}

    first, again = (post(as_dana, "/api/v1/patients/", body) for _ in range(2))

    assert (first.status_code, again.content) == (201, first.content)
    assert again["ETag"] == first["ETag"]
    assert Patient.objects.count() == 1


def test_who_may_not_book_may_not_replay(as_dana: APIClient, dana: User, booking: Booking) -> None:
    post(as_dana, SESSIONS, booking.body())
    dana.role = "AUDITOR"

    assert post(client_of(dana), SESSIONS, booking.body()).status_code == 403


def test_answers_are_forgotten_after_two_days(as_dana: APIClient, booking: Booking) -> None:
    post(as_dana, SESSIONS, booking.body())
    post(as_dana, "/api/v1/patients/", {}, **{"Idempotency-Key": "refused"})
    keys = IdempotencyKey.objects.filter(key=KEY["Idempotency-Key"])

    keys.update(created_at=timezone.now() - KEPT + timedelta(minutes=1))
    purge_idempotency_keys()
    assert keys.exists()

    keys.update(created_at=timezone.now() - KEPT - timedelta(minutes=1))
    purge_idempotency_keys()
    assert not keys.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_books_and_the_others_get_its_answer(
    dana: User, booking: Booking
) -> None:
    body = booking.body()

    def send(body: dict[str, Any]) -> tuple[int, bytes, bool]:
        try:
            answer = post(client_of(dana), SESSIONS, body)
            return answer.status_code, answer.content, "Idempotency-Replayed" in answer
        finally:
            connection.close()

    bodies = [body] * 16 + [booking.body(NINE + 40 * DAY)] * 4
    with ThreadPoolExecutor(8) as desks:
        answers = list(desks.map(send, bodies))

    assert Counter(status for status, _, _ in answers[:16]) == {201: 16}
    assert len({content for _, content, _ in answers[:16]}) == 1
    assert [replayed for _, _, replayed in answers].count(False) == 1 + 4
    assert Counter(status for status, _, _ in answers[16:]) == {422: 4}
    assert TreatmentSession.objects.count() == 1
