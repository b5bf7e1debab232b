"""Side effects over HTTP."""

from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from rest_framework.test import APIClient

from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import SideEffect
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    PhotoFactory,
    SideEffectExpectationFactory,
    SideEffectFactory,
    ZoneFactory,
)
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60
URL = "/api/v1/side-effects/"


def body(booking: Booking, session: Any, **changes: Any) -> dict[str, Any]:
    details = {
        "session": str(session.pk),
        "zone": booking.zone.code,
        "kind": "HYPERPIGMENTATION",
        "grade": 2,
        "is_expected": False,
        "onset_at": (NINE + MINUTE).isoformat(),
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


def test_a_side_effect_needs_a_patient_who_has_come(as_alice: APIClient, booking: Booking) -> None:
    session = booking.book()
    early = as_alice.post(URL, body(booking, session))
    booking.move(session, Status.CHECKED_IN, at=session.starts_at)

    numbed = as_alice.post(URL, body(booking, session, kind="ANAESTHETIC_REACTION", grade=3))

    assert (early.status_code, early.json()["code"]) == (409, "not_begun")
    assert numbed.status_code == 201


@pytest.mark.parametrize(
    ("onset_at", "status"),
    [
        (NINE - 12 * HOUR, 201),
        (NINE - 12 * HOUR - MINUTE, 422),
        (NINE + 2 * DAY, 422),
        (NINE + 400 * DAY, 422),
    ],
)
def test_it_began_with_the_session_and_not_in_the_future(
    as_alice: APIClient, booking: Booking, onset_at: datetime, status: int
) -> None:
    """The sessions of the tests end in 2030, which is later than now."""
    answer = as_alice.post(URL, body(booking, booking.completed(), onset_at=onset_at.isoformat()))

    assert answer.status_code == status
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "/onset_at"


@pytest.mark.parametrize(
    ("kind", "grade", "status"),
    [("ERYTHEMA", 2, 201), ("ERYTHEMA", 3, 422), ("INFECTION", 1, 422)],
)
def test_what_is_severe_or_a_red_flag_is_not_expected(
    as_alice: APIClient, booking: Booking, kind: str, grade: int, status: int
) -> None:
    SideEffectExpectationFactory(kind="INFECTION", is_red_flag=True, expected_until_hours=None)
    details = {"kind": kind, "grade": grade, "is_expected": True}

    answer = as_alice.post(URL, body(booking, booking.completed(), **details))

    assert answer.status_code == status
    if status == 422:
        assert answer.json()["code"] == "not_as_expected"


def test_its_course_is_a_history(as_alice: APIClient, booking: Booking) -> None:
    effect = SideEffectFactory(session=booking.completed(), grade=1, note="")
    url = f"{URL}{effect.pk}/note/"

    worse = as_alice.post(url, {"grade": 3, "is_expected": False, "note": "Pus. Swab taken."})
    effect.refresh_from_db()

    assert (worse.status_code, worse.json()["grade"]) == (200, 3)
    assert effect.note == "Pus. Swab taken."
    history = apps.get_model("treatment_sessions.SideEffectHistory")
    grades = history._default_manager.filter(pgh_obj_id=effect.pk).order_by("pgh_id")
    assert list(grades.values_list("grade", flat=True)) == [1, 3]


def test_each_look_is_kept_with_what_was_done(as_alice: APIClient, booking: Booking) -> None:
    session = booking.completed()
    made = as_alice.post(URL, body(booking, session, grade=2, is_expected=False)).json()
    url, photo = f"{URL}{made['id']}", PhotoFactory(patient=session.patient)
    look = {"grade": 3, "is_expected": False, "note": "Fever", "treatment": "Antibiotics"}
    other = as_alice.post(f"{url}/note/", {**look, "photo": str(PhotoFactory().pk)})

    seen = as_alice.post(
        f"{url}/note/", {**look, "care_elsewhere": "St. Mary's, A&E", "photo": str(photo.pk)}
    )

    assert seen.status_code == 200, seen.json()
    assert other.status_code in (400, 422)
    first, last = as_alice.get(f"{url}/course/").json()["results"]
    assert (first["grade"], first["treatment"]) == (2, "")
    assert (last["grade"], last["treatment"], last["care_elsewhere"], last["photo"]) == (
        *(3, "Antibiotics", "St. Mary's, A&E"),
        str(photo.pk),
    )


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

    with django_assert_num_queries(2 + RECORDED):  # them, and the cartridges of their sessions
        assert found("resolved=false") == [str(open_one.pk)]
    assert len(found(f"patient={session.patient_id}")) == 2
    assert found("resolved=false&kind=ITCH") == []
