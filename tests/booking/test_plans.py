"""Treatment plans and outcomes over HTTP."""

from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from clinic.models import Clinic
from sessions.lifecycle import PlanStatus
from sessions.models import IllegalPlanMove, TreatmentPlan
from tests.conftest import Booking
from tests.factories import (
    NINE,
    OutcomeMeasureFactory,
    OutcomeScaleFactory,
    PatientConcernFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    ZoneFactory,
)
from tests.support.lives import moves

pytestmark = pytest.mark.django_db
PLANS = "/api/v1/plans/"


@pytest.fixture
def body(clinic: Clinic) -> dict[str, Any]:
    protocol = ProtocolFactory()
    return {
        "patient": str(PatientFactory(clinic=clinic).pk),
        "concern": str(protocol.concern.pk),
        "area": str(protocol.area.pk),
        "protocol": str(protocol.pk),
    }


def test_a_plan_is_made_by_the_newest_version_in_effect(
    as_alice: APIClient, body: dict[str, Any]
) -> None:
    ProtocolVersionFactory(
        protocol_id=body["protocol"], protocol=None, version=2, planned_sessions=6
    )
    ProtocolVersionFactory(
        protocol_id=body["protocol"], protocol=None, version=3, effective_from=NINE
    )
    concern = PatientConcernFactory(
        patient_id=body["patient"], patient=None, concern_id=body["concern"], concern=None
    )

    made = as_alice.post(
        PLANS, {**body, "patient_concerns": [str(concern.pk)], "goals": "Smoother cheeks"}
    )

    assert made.status_code == 201, made.json()
    plan = TreatmentPlan.objects.get()
    assert (plan.protocol_version.version, plan.planned_sessions) == (2, 6)
    assert (plan.status, plan.goals) == ("ACTIVE", "Smoother cheeks")
    assert list(plan.patient_concerns.all()) == [concern]


def test_a_concern_of_somebody_else_is_refused(
    as_alice: APIClient, body: dict[str, Any], clinic: Clinic
) -> None:
    other = PatientConcernFactory(patient__clinic=clinic)

    answer = as_alice.post(PLANS, {**body, "patient_concerns": [str(other.pk)]})

    assert (answer.status_code, answer.json()["code"]) == (422, "foreign_concern")


def test_a_protocol_without_a_version_cannot_be_planned(
    as_alice: APIClient, body: dict[str, Any]
) -> None:
    empty = ProtocolFactory(version=None)
    parts = {"concern": empty.concern.pk, "area": empty.area.pk, "protocol": empty.pk}

    answer = as_alice.post(PLANS, {**body, **{k: str(v) for k, v in parts.items()}})

    assert (answer.status_code, answer.json()["code"]) == (422, "no_version")


MOVES = moves("""
    DRAFT      ACTIVE STOPPED
    ACTIVE     ON_HOLD COMPLETED STOPPED
    ON_HOLD    ACTIVE STOPPED
    COMPLETED
    STOPPED
""")
VERBS = {"activate": "ACTIVE", "hold": "ON_HOLD", "complete": "COMPLETED", "stop": "STOPPED"}


def test_every_status_of_a_plan_is_in_the_table_and_has_a_verb() -> None:
    assert list(MOVES) == PlanStatus.values
    assert {"DRAFT", *VERBS.values()} == set(MOVES)


@pytest.mark.parametrize("old", list(MOVES))
@pytest.mark.parametrize(("verb", "new"), list(VERBS.items()))
def test_a_plan_moves_as_the_clinic_says(
    as_alice: APIClient, clinic: Clinic, old: str, verb: str, new: str
) -> None:
    plan = PlanFactory(patient__clinic=clinic, status=old)

    answer = as_alice.post(f"{PLANS}{plan.pk}/{verb}/", {"reason": "Moved away"})

    plan.refresh_from_db()
    if new in MOVES[old]:
        assert (answer.status_code, plan.status) == (200, new)
        assert plan.events.get().reason == "Moved away"
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, IllegalPlanMove.code)
        assert plan.status == old


def test_holding_and_stopping_need_a_reason(as_alice: APIClient, clinic: Clinic) -> None:
    plan = PlanFactory(patient__clinic=clinic)

    for verb in ("hold", "stop"):
        answer = as_alice.post(f"{PLANS}{plan.pk}/{verb}/")
        assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing")


def test_only_an_active_plan_is_booked(as_dana: APIClient, booking: Booking) -> None:
    TreatmentPlan.objects.update(status="ON_HOLD")

    answer = as_dana.post("/api/v1/sessions/", booking.body())

    assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_active")


def test_plans_are_listed_with_a_fixed_number_of_queries(
    as_dana: APIClient, clinic: Clinic, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        PlanFactory.create_batch(2, patient__clinic=clinic)
        with django_assert_num_queries(2):  # plans, their concerns
            as_dana.get(f"{PLANS}?status=ACTIVE")


def outcome(client: APIClient, plan: TreatmentPlan, **changes: Any) -> Any:
    scale = OutcomeScaleFactory()
    details = {
        "plan": str(plan.pk),
        "scale": str(scale.pk),
        "milestone": "DAY_90",
        "rater_role": "CLINICIAN",
        "score": "2",
    }
    return client.post("/api/v1/outcomes/", {**details, **changes})


def test_an_outcome_is_recorded(as_alice: APIClient, booking: Booking) -> None:
    session = booking.completed()

    assert outcome(as_alice, booking.plan).status_code == 201
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
