"""How well it worked: scores on scales, when, and by whom."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import ClinicalRule
from sessions import services
from sessions.models import OutcomeMeasure, TreatmentPlan
from sessions.safety.assessment import assess_session
from sessions.safety.facts import Number
from sessions.safety.loading.response import stop_after as limit_of
from sessions.services.record.outcome import NotBlinded, WrongMilestone, WrongRater
from tests.conftest import Booking
from tests.factories import (
    NINE,
    OutcomeMeasureFactory,
    OutcomeScaleFactory,
    ProtocolVersionFactory,
    UserFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def outcome(client: APIClient, plan: TreatmentPlan, **changes: Any) -> Any:
    scale = OutcomeScaleFactory()
    details = {
        "plan": str(plan.pk),
        "scale": str(scale.pk),
        "milestone": "OTHER",
        "rater_role": "CLINICIAN",
        "score": "2",
    }
    return client.post("/api/v1/outcomes/", {**details, **changes})


def test_an_outcome_is_recorded(as_alice: APIClient, booking: Booking) -> None:
    session = booking.completed(timezone.now() - 90 * DAY)

    assert outcome(as_alice, booking.plan, milestone="DAY_90").status_code == 201
    at_session = outcome(
        as_alice,
        booking.plan,
        milestone="SESSION",
        session=str(session.pk),
        zone=booking.zone.code,
        rater_role="PATIENT",
    )

    assert at_session.status_code == 201
    listed = as_alice.get(f"/api/v1/outcomes/?patient={session.patient_id}").json()["results"]
    assert len(listed) == 2
    assert {row["rater_role"]: row["rated_by"] for row in listed} == {
        "CLINICIAN": str(booking.practitioner.pk),
        "PATIENT": None,
    }


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"score": "6"}, 422, "/score"),
        ({"score": "2.37"}, 422, "/score"),
        ({"score": "0.99"}, 422, "/score"),
        ({"score": "many"}, 400, "/score"),
        ({"rater_role": "CAT"}, 400, "/rater_role"),
        ({"milestone": "SESSION"}, 400, "/session"),
        ({"zone": "elbow"}, 400, "/zone"),
        ({"scale": "x"}, 400, "/scale"),
    ],
)
def test_a_wrong_outcome_is_named(
    as_alice: APIClient, booking: Booking, change: dict[str, str], status: int, pointer: str
) -> None:
    answer = outcome(as_alice, booking.plan, **change)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)


def test_a_scale_measures_the_concern_of_the_plan(as_alice: APIClient, booking: Booking) -> None:
    hairs = OutcomeScaleFactory(concerns=["hair-thinning"])
    scars = OutcomeScaleFactory(concerns=[booking.plan.concern.code, "wrinkles"])

    other = outcome(as_alice, booking.plan, scale=str(hairs.pk))

    assert (other.status_code, other.json()["code"]) == (422, "wrong_scale")
    assert outcome(as_alice, booking.plan, scale=str(scars.pk)).status_code == 201


def test_a_scale_is_rated_by_those_it_is_made_for(as_alice: APIClient, booking: Booking) -> None:
    clinical = OutcomeScaleFactory(rater_roles=["CLINICIAN"])

    answer = outcome(as_alice, booking.plan, scale=str(clinical.pk), rater_role="PATIENT")

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_rater")


def test_a_zone_or_session_of_another_plan_is_refused(
    as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    foreign = another_booking.completed()

    zone = outcome(as_alice, booking.plan, zone=ZoneFactory().code)
    session = outcome(as_alice, booking.plan, milestone="SESSION", session=str(foreign.pk))

    assert zone.json()["code"] == "zone_elsewhere"
    assert session.json()["code"] == "other_plan"


def test_the_scale_keeps_its_range_though_a_new_version_is_wider() -> None:
    measure = OutcomeMeasureFactory(score=5)
    OutcomeScaleFactory(code=measure.scale.code, version=2, score_max=10)

    with connection.cursor() as cursor, pytest.raises(Exception, match="the score must be"):
        cursor.execute("UPDATE treatment_outcome_measure SET score = 7")


def measure(booking: Booking, **changes: Any) -> OutcomeMeasure:
    details: dict[str, Any] = {
        "scale": OutcomeScaleFactory(rater_roles=["CLINICIAN", "PATIENT", "BLINDED"]),
        "milestone": "OTHER",
        "rater_role": "CLINICIAN",
        "score": Decimal(2),
        "at": NINE,
        "by": booking.practitioner,
    }
    return services.record_outcome(plan=booking.plan, **{**details, **changes})


@pytest.mark.parametrize(
    ("milestone", "day", "fits"),
    [
        ("DAY_90", 5, False),
        ("DAY_90", 74, False),
        ("DAY_90", 75, True),
        ("DAY_90", 120, True),
        ("DAY_90", 121, False),
        ("DAY_180", 149, False),
        ("DAY_180", 150, True),
        ("DAY_180", 210, True),
        ("DAY_180", 211, False),
        ("OTHER", 5, True),
        ("BASELINE", -1, True),
        ("BASELINE", 1, False),
    ],
)
def test_a_milestone_has_its_days(booking: Booking, milestone: str, day: int, fits: bool) -> None:
    booking.completed()
    then = NINE + day * DAY

    if fits:
        made = measure(booking, milestone=milestone, measured_at=then, at=NINE + 300 * DAY)
        assert made.measured_at == then
    else:
        with pytest.raises(WrongMilestone) as refused:
            measure(booking, milestone=milestone, at=then)
        assert refused.value.field == "milestone"


def test_the_days_are_counted_from_the_last_session(booking: Booking) -> None:
    booking.completed()
    booking.completed(NINE + 42 * DAY)

    with pytest.raises(WrongMilestone, match="day 48 after"):
        measure(booking, milestone="DAY_90", at=NINE + 90 * DAY)
    assert measure(booking, milestone="DAY_90", at=NINE + 132 * DAY)


def test_nothing_is_90_days_after_no_session(booking: Booking) -> None:
    with pytest.raises(WrongMilestone, match="No session was completed"):
        measure(booking, milestone="DAY_90")


def test_a_clinic_sets_the_days_of_a_milestone(booking: Booking) -> None:
    booking.completed()
    ClinicalRule.objects.create(
        code="outcome-first-from", title="?", value=60, unit="days", source="ours"
    )

    assert measure(booking, milestone="DAY_90", at=NINE + 60 * DAY)


def test_what_compares_with_before_has_no_baseline(booking: Booking) -> None:
    with pytest.raises(WrongMilestone, match="compares with before"):
        measure(booking, milestone="BASELINE", scale=OutcomeScaleFactory(no_change_score=4))


def test_nothing_was_measured_in_the_future(booking: Booking) -> None:
    with pytest.raises(WrongMilestone) as refused:
        measure(booking, measured_at=NINE + DAY)
    assert refused.value.field == "measured_at"


def test_a_measure_says_who_rated(booking: Booking) -> None:
    other = UserFactory(clinic=booking.plan.clinic)

    assert measure(booking).rated_by == booking.practitioner
    assert measure(booking, rated_by=other).rated_by == other
    assert measure(booking, rater_name="Dr Else").rated_by is None
    assert measure(booking, rater_role="PATIENT").rated_by is None
    assert measure(booking, rater_role="BLINDED", rated_by=other).rated_by == other
    assert measure(booking, rater_role="BLINDED", rater_name="Dr Else").rater_name == "Dr Else"


@pytest.mark.parametrize(
    "named",
    [
        {"rater_role": "PATIENT", "rater_name": "Dr Else"},
        {"rater_role": "BLINDED"},
        {"rater_role": "CLINICIAN", "rated_by": "me", "rater_name": "Dr Else"},
    ],
)
def test_the_rater_is_named_once_or_is_the_patient(booking: Booking, named: dict[str, Any]) -> None:
    if "rated_by" in named:
        named = {**named, "rated_by": booking.practitioner}
    with pytest.raises(WrongRater) as refused:
        measure(booking, **named)
    assert refused.value.field == ("rater_name" if "rater_name" in named else "rated_by")


def test_who_has_treated_the_patient_is_not_blind(booking: Booking) -> None:
    blind = {"rater_role": "BLINDED", "rated_by": booking.practitioner}
    assert measure(booking, **blind)
    booking.completed()

    with pytest.raises(NotBlinded):
        measure(booking, **blind)


# --- the stop rule ----------------------------------------------------------------------------


def told(booking: Booking) -> set[str]:
    """What a further session hears of the response."""
    booked = booking.book(NINE + 200 * DAY)
    assessed = assess_session(booked, at=NINE + 200 * DAY)
    codes = {one.finding.code for one in assessed if not one.is_open}
    return codes & {"no_response", "response_not_measured"}


def stop_after(sessions: int) -> None:
    ClinicalRule.objects.create(
        code="stop-after-sessions", title="?", value=sessions, unit="sessions", source="ours"
    )


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], {"response_not_measured"}),
        ([("state", "BASELINE", 4)], {"response_not_measured"}),
        ([("state", "BASELINE", 4), ("state", "OTHER", 4)], {"no_response"}),
        ([("state", "BASELINE", 4), ("state", "OTHER", 5)], {"no_response"}),
        ([("state", "BASELINE", 4), ("state", "OTHER", 3)], set()),
        ([("pain", "BASELINE", 4), ("pain", "OTHER", 1)], {"response_not_measured"}),
        ([("coarse", "BASELINE", 4), ("coarse", "OTHER", 3)], {"no_response"}),
        ([("coarse", "BASELINE", 4), ("coarse", "OTHER", 2)], set()),
        ([("change", "OTHER", 4)], {"no_response"}),
        ([("change", "OTHER", 3)], set()),
        ([("hair", "BASELINE", 3), ("hair", "OTHER", 4)], set()),
        ([("hair", "BASELINE", 3), ("hair", "OTHER", 2)], {"no_response"}),
        ([("state", "BASELINE", 4), ("state", "OTHER", 4), ("change", "OTHER", 2)], set()),
    ],
)
def test_who_has_no_response_is_asked_about(
    booking: Booking, scores: list[tuple[str, str, int]], expected: set[str]
) -> None:
    stop_after(1)
    mine = {"concerns": [booking.plan.concern.code]}
    scales = {
        "state": OutcomeScaleFactory(**mine),
        "pain": OutcomeScaleFactory(),
        "coarse": OutcomeScaleFactory(
            **mine, minimal_important_difference=2, difference_source="a study"
        ),
        "change": OutcomeScaleFactory(no_change_score=4),
        "hair": OutcomeScaleFactory(**mine, lower_is_better=False),
    }
    for scale, milestone, score in scores:
        then = NINE - DAY if milestone == "BASELINE" else NINE + 90 * DAY
        measure(booking, scale=scales[scale], milestone=milestone, score=Decimal(score), at=then)
    booking.completed()

    assert told(booking) == expected


def test_nobody_is_asked_before_so_many_sessions(booking: Booking) -> None:
    stop_after(2)
    booking.completed()

    assert told(booking) == set()


def test_a_protocol_has_a_number_of_its_own() -> None:
    version = ProtocolVersionFactory.build(stop_after_sessions=12, version=2)
    clinics = {"stop-after-sessions": Number(Decimal(3), "rule", "test")}

    assert limit_of(version, clinics).value == 12  # type: ignore[union-attr]
    version.stop_after_sessions = None
    assert limit_of(version, clinics) == clinics["stop-after-sessions"]
    assert limit_of(version, {}) is None
