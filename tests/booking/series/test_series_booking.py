"""A proposed series is booked: whole or not at all."""

from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions import services
from sessions.models import TreatmentSession
from sessions.scheduling.spacing import TooSoon
from sessions.services.booking.checks import clash
from tests.booking.series.series import NOW, propose
from tests.conftest import Booking
from tests.factories import DAY, NINE

pytestmark = pytest.mark.django_db


def chosen(booking: Booking, *starts: datetime, **changes: Any) -> list[services.Chosen]:
    return [
        {
            "starts_at": start,
            "practitioner": booking.practitioner,
            "room": booking.room,
            "device": booking.device,
            **changes,  # type: ignore[typeddict-item]
        }
        for start in starts
    ]


def test_what_is_proposed_is_booked(booking: Booking) -> None:
    proposed = propose(booking)

    booked = services.book_series(
        plan_id=booking.plan.pk,
        slots=[p.slot.as_booking() for p in proposed],
        at=NOW,
        by=booking.practitioner,
    )

    assert [s.starts_at for s in booked] == [p.slot.starts_at for p in proposed]
    assert propose(booking) == []


def test_a_series_is_booked_whole_or_not_at_all(booking: Booking, another_booking: Booking) -> None:
    another_booking.room = booking.room
    another_booking.book(NINE + 28 * DAY)
    slots = chosen(booking, NINE, NINE + 28 * DAY)

    with pytest.raises(clash.RoomTaken) as refused:
        services.book_series(plan_id=booking.plan.pk, slots=slots, at=NOW, by=booking.practitioner)

    assert refused.value.field == "sessions/1/room"
    assert refused.value.extra["index"] == 1
    assert TreatmentSession.objects.filter(plan=booking.plan).count() == 0


def test_all_sessions_that_cannot_be_booked_are_named_at_once(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.room = booking.room
    for days in (28, 84):
        another_booking.book(NINE + days * DAY)
    slots = chosen(booking, *(NINE + days * DAY for days in (0, 28, 56, 84)))
    slots[2]["starts_at"] = NINE - 700 * DAY

    with pytest.raises(clash.RoomTaken) as refused:
        services.book_series(plan_id=booking.plan.pk, slots=slots, at=NOW, by=booking.practitioner)

    others = [(other.field, other.code) for other in refused.value.others]
    assert others == [("sessions/2/starts_at", "in_the_past"), ("sessions/3/room", "room_taken")]
    assert TreatmentSession.objects.filter(plan=booking.plan).count() == 0


def test_sessions_of_one_series_respect_each_other(booking: Booking) -> None:
    slots = chosen(booking, NINE, NINE + 20 * DAY)

    with pytest.raises(TooSoon) as refused:
        services.book_series(plan_id=booking.plan.pk, slots=slots, at=NOW, by=booking.practitioner)

    assert refused.value.field == "sessions/1/starts_at"


def test_a_series_over_http(as_dana: APIClient, booking: Booking) -> None:
    url = f"/api/v1/plans/{booking.plan.pk}/"

    proposal = as_dana.get(f"{url}proposal/?from=2030-01-07")
    body = {
        "sessions": [
            {name: slot[name] for name in ("starts_at", "practitioner", "room", "device")}
            for slot in proposal.json()
        ]
    }
    booked = as_dana.post(f"{url}book-series/", body)
    again = as_dana.post(f"{url}book-series/", body)

    assert proposal.status_code == 200
    assert len(proposal.json()) == 4
    assert set(proposal.json()[0]) == {
        *("starts_at", "ends_at", "practitioner", "room", "device"),
        *("visit_type", "plans", "shift"),
    }
    assert booked.status_code == 201
    assert [s["status"] for s in booked.json()] == ["BOOKED"] * 4
    assert (again.status_code, again.json()["code"]) == (409, "too_soon")
    assert again.json()["errors"][0]["pointer"] == "/sessions/0/starts_at"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/sessions"),
        ({"sessions": []}, "/sessions"),
        ({"sessions": [{}]}, "/sessions/0/starts_at"),
        ({"sessions": "x"}, "/sessions"),
    ],
)
def test_a_bad_series_is_named(
    as_dana: APIClient, booking: Booking, body: dict[str, Any], pointer: str
) -> None:
    answer = as_dana.post(f"/api/v1/plans/{booking.plan.pk}/book-series/", body)

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("query", "pointer"), [("from=x", "/from"), ("practitioner=x", "/practitioner"), ("x=1", "/x")]
)
def test_a_wrong_question_for_a_proposal_is_named(
    as_dana: APIClient, booking: Booking, query: str, pointer: str
) -> None:
    answer = as_dana.get(f"/api/v1/plans/{booking.plan.pk}/proposal/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
