"""Side effects over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import User
from sessions.models import SideEffect
from tests.conftest import Booking
from tests.factories import DAY, NINE, SideEffectFactory, ZoneFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/side-effects/"


def body(booking: Booking, session: Any, **changes: Any) -> dict[str, Any]:
    details = {
        "session": str(session.pk),
        "zone": booking.zone.code,
        "kind": "HYPERPIGMENTATION",
        "grade": 2,
        "is_expected": False,
        "onset_at": (NINE + 14 * DAY).isoformat(),
        "note": "Left cheek",
    }
    return {**details, **changes}


def test_a_clinician_logs_and_resolves_a_side_effect(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    session = booking.completed()

    logged = as_alice.post(URL, body(booking, session))
    assert logged.status_code == 201
    assert logged.json()["patient"] == str(session.patient_id)
    assert SideEffect.objects.get().recorded_by == alice

    url = f"{URL}{logged.json()['id']}/resolve/"
    SideEffect.objects.update(onset_at=NINE.replace(year=2026, day=1))
    empty = as_alice.post(url, {})
    resolved = as_alice.post(url, {"resolution": "Faded after eight weeks"})
    again = as_alice.post(url, {"resolution": "Again"})

    assert empty.status_code == 400
    assert resolved.status_code == 200
    assert resolved.json()["resolved_at"]
    assert (again.status_code, again.json()["code"]) == (409, "already_resolved")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("grade", 0, 400),
        ("grade", 6, 400),
        ("kind", "JOY", 400),
        ("onset_at", "yesterday", 400),
        ("session", "01890000-0000-7000-8000-000000000000", 400),
        ("zone", "elbow", 400),
        ("is_expected", None, 400),
        ("note", "nul\x00", 400),
    ],
)
def test_bad_input_is_named_and_logs_nothing(
    as_alice: APIClient, booking: Booking, field: str, value: object, status: int
) -> None:
    answer = as_alice.post(URL, {**body(booking, booking.completed()), field: value})

    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert not SideEffect.objects.exists()


def test_only_a_completed_session_has_side_effects(as_alice: APIClient, booking: Booking) -> None:
    answer = as_alice.post(URL, body(booking, booking.book()))

    assert (answer.status_code, answer.json()["code"]) == (409, "not_completed")


def test_the_zone_must_be_on_the_area(as_alice: APIClient, booking: Booking) -> None:
    answer = as_alice.post(URL, body(booking, booking.completed(), zone=ZoneFactory().code))

    assert (answer.status_code, answer.json()["code"]) == (422, "zone_elsewhere")


def test_it_cannot_be_resolved_before_it_began(as_alice: APIClient, booking: Booking) -> None:
    side_effect = SideEffectFactory(session=booking.completed())  # begins in 2030

    answer = as_alice.post(f"{URL}{side_effect.pk}/resolve/", {"resolution": "gone"})

    assert answer.status_code == 400
    assert "before it began" in answer.json()["detail"]


def test_side_effects_are_filtered(
    as_alice: APIClient, booking: Booking, django_assert_num_queries: Any
) -> None:
    session = booking.completed()
    open_one = SideEffectFactory(session=session)
    SideEffectFactory(session=session, resolved_at=NINE + 9 * DAY, resolution="gone")

    def found(query: str) -> list[str]:
        return [row["id"] for row in as_alice.get(f"{URL}?{query}").json()["results"]]

    with django_assert_num_queries(1):
        assert found("resolved=false") == [str(open_one.pk)]
    assert len(found(f"patient={session.patient_id}")) == 2
    assert found("resolved=false&kind=ITCH") == []
