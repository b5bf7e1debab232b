"""From a report of healing to a side effect: what it says is filled in, and may be corrected."""

from datetime import datetime
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from clinic.models import User
from patients.models import StaffTask
from sessions import services
from sessions.models import CheckIn, SideEffect, SideEffectKind
from sessions.services.record.healing.reported import OF_SCORE, OF_SIGN, kind_of, proposed
from sessions.triage import Score, Sign
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    CheckInFactory,
    SideEffectExpectationFactory,
    TriageVersionFactory,
    this_hour,
)

pytestmark = pytest.mark.django_db
SAYS_NOTHING = {Sign.WORRIED, Sign.FREE_TEXT, Sign.RED_WORD, Sign.CHEST_PAIN}  # of a kind


def began() -> datetime:
    return this_hour() - 9 * DAY


def report(booking: Booking, **answers: Any) -> CheckIn:
    session = booking.completed(began())
    return services.record_check_in(session_id=session.pk, at=began() + 2 * DAY, by=None, **answers)


@pytest.fixture(autouse=True)
def rules(db: None) -> Any:
    return TriageVersionFactory()


def test_every_sign_and_score_is_of_a_kind() -> None:
    assert set(OF_SIGN) == set(Sign) - SAYS_NOTHING
    assert set(OF_SCORE) == set(Score)


def test_one_tap_records_what_was_reported(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    SideEffectExpectationFactory(kind="INFECTION", is_red_flag=True)
    first = report(booking, signs=["pus"])
    later = services.record_check_in(
        session_id=first.session_id, at=began() + 3 * DAY, by=None, words="more pus", pain=8
    )

    answer = as_alice.post(f"/api/v1/check-ins/{later.pk}/side-effect/", {})

    assert answer.status_code == 201
    effect = SideEffect.objects.get()
    assert (effect.kind, effect.grade, effect.is_expected) == ("INFECTION", 3, False)
    assert (effect.zone, effect.note) == (booking.zone, "more pus")
    assert effect.onset_at == first.reported_at  # since when it is known
    assert (effect.check_in, effect.recorded_by) == (later, alice)
    told = answer.json()
    use = first.session.cartridge_uses.get()
    assert told["check_in"] == str(later.pk)
    assert told["lots"] == [str(use.lot_id)]
    assert told["device"] == str(booking.device.pk)
    assert told["protocol_version"] == str(first.session.protocol_version_id)


def test_what_is_known_better_corrects_it_and_a_kind_is_recorded_once(
    as_alice: APIClient, booking: Booking
) -> None:
    url = f"/api/v1/check-ins/{report(booking, signs=['pus']).pk}/side-effect/"

    answers = [
        as_alice.post(url, {"kind": "HSV_REACTIVATION", "grade": 2, "zone": None}),
        as_alice.post(url, {"kind": "HSV_REACTIVATION"}),
        as_alice.post(url, {}),
    ]

    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert answers[1].json()["code"] == "already_recorded"
    assert answers[0].json()["zone"] is None


def test_a_report_of_another_session_is_refused(
    as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    body = {
        **{"session": str(another_booking.completed(began()).pk), "kind": "ITCH", "grade": 1},
        **{"is_expected": True, "onset_at": (began() + DAY).isoformat()},
        "check_in": str(report(booking, itch=3).pk),
    }

    answer = as_alice.post("/api/v1/side-effects/", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "other_report")


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"signs": ["bruise", "breathing"]}, SideEffectKind.ANAPHYLAXIS),  # the gravest
        ({"redness": 3, "itch": 5, "signs": []}, SideEffectKind.ITCH),  # the highest
        ({"redness": 0, "signs": []}, SideEffectKind.OTHER),
        ({"bleeding_minutes": 40, "redness": 3}, SideEffectKind.BLEEDING),
    ],
)
def test_the_kind_is_what_is_gravest(answers: dict[str, Any], kind: str, rules: Any) -> None:
    assert kind_of(CheckInFactory.build(session=None, rules=rules, **answers)) == kind


@pytest.mark.parametrize(
    ("level", "pain", "grade"),
    [
        *(("GREEN", 3, 1), ("GREEN", 4, 2), ("AMBER", 6, 2), ("AMBER", 7, 3)),
        *(("RED", 0, 2), ("RED", 7, 3), ("EMERGENCY", 0, 4)),
    ],
)
def test_the_grade_follows_from_level_and_score(level: str, pain: int, grade: int) -> None:
    found = proposed(CheckInFactory(level=level, pain=pain))

    assert found["grade"] == grade
    assert found["is_expected"] == (level == "GREEN")


def test_report_and_task_lead_to_a_form_that_is_filled_in(alice: User, booking: Booking) -> None:
    told = report(booking, signs=["pus"], words="Since this morning")
    client, task = client_of(alice), StaffTask.objects.get()

    for model, row in (("treatment_sessions_checkin", told), ("patients_stafftask", task)):
        page = client.get(reverse(f"admin:{model}_change", args=[row.pk])).content.decode()
        assert "Record side effect" in page
        form = (
            client.get(reverse(f"admin:{model}_record_side_effect", args=[row.pk]), follow=True)
            .context["adminform"]
            .form
        )
        assert form.initial["check_in"] == told
        assert form.initial["kind"] == "INFECTION"
        assert form.initial["note"] == "Since this morning"

    other = reverse("admin:treatment_sessions_sideeffect_add") + "?task=none"
    assert client.get(other).status_code == 200
