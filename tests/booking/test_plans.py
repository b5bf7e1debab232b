"""Treatment plans over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic
from sessions.lifecycle import PlanStatus
from sessions.models import IllegalPlanMove, TreatmentPlan
from tests.conftest import Booking
from tests.factories import (
    NINE,
    PatientConcernFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
)
from tests.support.accesses import RECORDED
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
        with django_assert_num_queries(2 + RECORDED):  # plans, their concerns
            as_dana.get(f"{PLANS}?status=ACTIVE")
