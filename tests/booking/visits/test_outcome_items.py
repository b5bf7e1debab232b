"""An outcome visit asks for the scales and standard views of its plan, and says what is missing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import User
from sessions import services
from sessions.models import TreatmentSession
from sessions.safety.outcome_visit import outcome_items
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    OutcomeMeasureFactory,
    OutcomeScaleFactory,
    PhotoFactory,
    visit_type_of,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
THEN = NINE + 91 * DAY


@kept
def visit(booking: Booking) -> TreatmentSession:
    """Three months after a session before which a score and two photographs were taken."""
    booking.completed()
    plan = booking.plan
    OutcomeMeasureFactory(
        plan=plan,
        scale=OutcomeScaleFactory(code="wrinkles", name="Wrinkles", lower_is_better=True),
        milestone="BASELINE",
        score=4,
        measured_at=NINE - DAY,
    )
    PhotoFactory(patient=plan.patient, view="FRONT", taken_at=NINE - DAY)
    PhotoFactory(patient=plan.patient, view="LEFT_45", zone=booking.zone, taken_at=NINE - DAY)
    return booked(booking)


def booked(booking: Booking) -> TreatmentSession:
    return services.book_visit(
        visit_type=visit_type_of(booking.plan.clinic, "outcome-90d"),
        patient=booking.plan.patient,
        plan=booking.plan,
        starts_at=THEN,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE + DAY,
        by=booking.practitioner,
    )


def items(visit: TreatmentSession) -> dict[str, tuple[bool, str]]:
    found = outcome_items(visit, at=visit.starts_at)
    return {item.name: (item.is_there, item.detail) for item in found}


def test_it_says_what_is_missing_and_what_there_was_before(
    booking: Booking, visit: TreatmentSession
) -> None:
    assert items(visit) == {
        "Wrinkles": (False, "Rate it: 1 to 5; 4 on 6 Jan 2030."),
        "Photograph, front": (False, "Take it: to compare with that of 6 Jan 2030."),
        f"Photograph, 45° left, {booking.zone}": (
            False,
            "Take it: to compare with that of 6 Jan 2030.",
        ),
    }


@pytest.mark.parametrize(
    ("score", "lower_is_better", "told"),
    [
        (2, True, "2 now; 4 on 6 Jan 2030: better by 2."),
        (5, True, "5 now; 4 on 6 Jan 2030: worse by 1."),
        (5, False, "5 now; 4 on 6 Jan 2030: better by 1."),
        (4, False, "4 now; 4 on 6 Jan 2030: no change."),
    ],
)
def test_a_score_of_the_visit_is_compared_with_the_first(
    booking: Booking, visit: TreatmentSession, score: int, lower_is_better: bool, told: str
) -> None:
    scale = booking.plan.outcomes.get().scale
    newer = OutcomeScaleFactory(
        code=scale.code, name="Wrinkles", version=2, lower_is_better=lower_is_better
    )
    OutcomeMeasureFactory(
        plan=booking.plan, scale=newer, milestone="DAY_90", score=score, measured_at=THEN
    )

    assert items(visit)["Wrinkles"] == (True, told)


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (2, "2 now; 4 on 6 Jan 2030: better by 2."),
        (3, "3 now; 4 on 6 Jan 2030: better by 1, less than the 2 that matter to a patient."),
    ],
)
def test_a_difference_is_told_from_one_that_matters(
    booking: Booking, visit: TreatmentSession, score: int, told: str
) -> None:
    matters = {"minimal_important_difference": 2, "difference_source": "a study"}
    newer = OutcomeScaleFactory(code="wrinkles", name="Wrinkles", version=2, **matters)
    OutcomeMeasureFactory(
        plan=booking.plan, scale=newer, milestone="DAY_90", score=score, measured_at=THEN
    )

    assert items(visit)["Wrinkles"] == (True, told)


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (None, "Rate it: 1 to 5."),
        (2, "2 now: better than before."),
        (4, "4 now: no change."),
        (5, "5 now: worse than before."),
    ],
)
def test_what_compares_with_before_needs_no_baseline(
    booking: Booking, visit: TreatmentSession, score: int | None, told: str
) -> None:
    concern = booking.plan.concern.code
    gais = OutcomeScaleFactory(name="Improvement", no_change_score=4, concerns=[concern])
    if score:
        OutcomeMeasureFactory(
            plan=booking.plan, scale=gais, milestone="DAY_90", score=score, measured_at=THEN
        )

    assert items(visit)["Improvement"] == (score is not None, told)


@pytest.mark.parametrize(
    ("taken_at", "is_there"),
    [(THEN - 11 * HOUR, True), (THEN + HOUR, True), (THEN - 12 * HOUR, False)],
)
def test_a_view_counts_from_the_day_of_the_visit_on(
    booking: Booking, visit: TreatmentSession, taken_at: datetime, is_there: bool
) -> None:
    PhotoFactory(patient=booking.plan.patient, view="FRONT", taken_at=taken_at)

    assert items(visit)["Photograph, front"][0] == is_there


def test_without_a_baseline_the_concern_says_what_to_measure(booking: Booking) -> None:
    OutcomeScaleFactory(code="for-it", name="For it", concerns=[booking.plan.concern.code])
    OutcomeScaleFactory(code="for-another", concerns=["something-else"])

    assert items(booked(booking)) == {
        "For it": (False, "Rate it: 1 to 5; not measured before."),
        "Photograph, front": (False, "Take it: there is none from before."),
    }


def test_a_treatment_has_no_such_list(booking: Booking) -> None:
    assert outcome_items(booking.book(), at=NINE) == []


def test_the_clinicians_read_it_in_the_api_and_the_admin_and_the_desk_does_not(
    as_alice: APIClient, as_dana: APIClient, alice: User, visit: TreatmentSession
) -> None:
    url = f"/api/v1/sessions/{visit.pk}/outcome-items/"

    told = as_alice.get(url).json()
    page = client_of(alice).get(f"/admin/treatment_sessions/treatmentsession/{visit.pk}/change/")

    assert {row["code"] for row in told} >= {"scale:wrinkles", "view:FRONT"}
    assert as_dana.get(url).status_code == 403
    assert "Rate it: 1 to 5; 4 on 6 Jan 2030." in page.content.decode()


def test_it_takes_a_fixed_number_of_queries(
    booking: Booking, visit: TreatmentSession, django_assert_num_queries: Any
) -> None:
    for minutes in range(5):
        PhotoFactory(
            patient=booking.plan.patient,
            view="CLOSE_UP",
            taken_at=THEN + timedelta(minutes=minutes),
        )
    visit = TreatmentSession.objects.select_related("clinic", "plan__clinic", "plan__concern").get(
        pk=visit.pk
    )

    with django_assert_num_queries(4):
        outcome_items(visit, at=THEN)


def test_of_a_visit_that_is_begun_the_evening_before_that_evening_counts(
    booking: Booking, visit: TreatmentSession
) -> None:
    """And of one that is still ahead it does not."""
    evening = THEN - 13 * HOUR
    OutcomeMeasureFactory(
        plan=booking.plan, scale=booking.plan.outcomes.get().scale, score=2, measured_at=evening
    )

    def said() -> str:
        found = outcome_items(visit, at=evening + HOUR)
        return next(item.detail for item in found if item.name == "Wrinkles")

    assert said() == "Rate it: 1 to 5; 4 on 6 Jan 2030."
    visit.status = "IN_PROGRESS"
    assert said() == "2 now; 4 on 6 Jan 2030: better by 2."
