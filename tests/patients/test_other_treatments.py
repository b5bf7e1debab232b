"""Treatments beside the needle: recorded and corrected."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from clinic.errors import DomainError
from clinic.models import User
from patients import services
from patients.models import QUESTIONS, OtherTreatment, OtherTreatmentKind, ScreeningRule
from tests.conftest import Booking
from tests.factories import (
    NINE,
    OtherTreatmentFactory,
)
from tests.support.catalogue import load_catalogue

pytestmark = pytest.mark.django_db
MAY_1 = datetime(2024, 5, 1, 10, tzinfo=UTC)  # days are checked against the real clock, too
URL = "/api/v1/other-treatments/"


def test_it_is_recorded_listed_and_told(booking: Booking, as_alice: APIClient) -> None:
    patient, area = booking.plan.patient, booking.plan.area
    OtherTreatmentFactory()  # of another clinic

    body = {
        **{"patient": str(patient.pk), "kind": "PEEL", "area": area.code},
        **{"zones": [booking.zone.code], "treated_on": "2024-05-01"},
        **{"place": "ELSEWHERE", "place_name": "Dr. Sol", "notes": "TCA 15 %"},
    }
    made = as_alice.post(URL, body)

    assert made.status_code == 201, made.json()
    assert made.json() | body == made.json()
    listed = as_alice.get(URL, {"patient": str(patient.pk)}).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    told = as_alice.get(f"/api/v1/patients/{patient.pk}/timeline/").json()["results"]
    entry = next(entry for entry in told if entry["kind"] == "other_treatment")
    assert (entry["title"], entry["detail"]) == (f"Chemical peel, {area} (Dr. Sol)", "TCA 15 %")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"treated_on": date(2024, 5, 2)}, "treated_on"),
        ({"zones": ["elsewhere"]}, "zones"),
        ({"place": "ELSEWHERE"}, "place_name"),
        ({"place_name": "Dr. Sol"}, "place_name"),
        ({"kind": "NAPALM"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    booking: Booking, alice: User, changes: dict[str, Any], field: str
) -> None:
    """Also when it is corrected; what is right has no mistake."""
    now: dict[str, Any] = {"at": MAY_1, "by": alice}
    right: dict[str, Any] = {
        **{"patient_id": booking.plan.patient_id, "kind": "PEEL", "area": booking.plan.area},
        **{"treated_on": MAY_1.date(), "place": "HERE"},
    }
    known = services.record_other_treatment(**right, **now)
    record: Any = services.record_other_treatment
    correct: Any = services.correct_other_treatment

    for service, given in (
        (record, {**right, **changes}),
        (correct, {"treatment_id": known.pk, "changes": changes}),
    ):
        with pytest.raises((DomainError, ValidationError)) as refused:
            service(**given, **now)
        error: Any = refused.value
        named = list(error.message_dict) if isinstance(error, ValidationError) else [error.field]
        assert named == [field]
    assert OtherTreatment.objects.count() == 1


def test_a_mistake_is_corrected_and_kept_in_the_history(booking: Booking, alice: User) -> None:
    wrong = OtherTreatmentFactory(patient=booking.plan.patient, kind="LASER")

    services.correct_other_treatment(
        treatment_id=wrong.pk, changes={"kind": "IPL"}, at=NINE, by=alice
    )

    wrong.refresh_from_db()
    assert (wrong.kind, wrong.recorded_by, wrong.recorded_at) == ("IPL", alice, NINE)
    history: Any = wrong
    assert list(history.history.order_by("pgh_id").values_list("kind", flat=True)) == [
        "LASER",
        "IPL",
    ]


def test_every_kind_has_a_question_of_the_catalogue_with_a_washout() -> None:
    load_catalogue()
    washouts = dict(ScreeningRule.objects.values_list("code", "washout_days"))

    assert set(QUESTIONS) == set(OtherTreatmentKind)
    assert all(washouts[code] for code in QUESTIONS.values())
