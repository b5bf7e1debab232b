"""A series of sittings: the areas go together, session for session, as far as each needs them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from patients.models import Scope
from sessions import services
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan, TreatmentSession
from tests.booking.series.series import NOW, propose
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    ScreeningAnswerFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    ZoneFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def neck(booking: Booking) -> TreatmentPlan:
    """Another area of the same patient, which recovers more slowly and needs two sessions."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        duration_minutes=30,
        hard_min_days=40,
        soft_min_days=40,
        target_min_days=40,
        target_max_days=50,
    )
    return PlanFactory(patient=booking.plan.patient, protocol=protocol, planned_sessions=2)


def shown(booking: Booking, proposed: list[services.Proposed]) -> list[tuple[str, int]]:
    """When, and for how many areas."""
    zone = booking.plan.clinic.zone
    return [
        (f"{one.slot.starts_at.astimezone(zone):%a %-d %b %H:%M}", len(one.plans))
        for one in proposed
    ]


def test_the_slowest_skin_decides_and_the_first_area_goes_on_alone(
    booking: Booking, neck: TreatmentPlan
) -> None:
    booking.book(NINE - 28 * DAY)

    proposed = propose(booking, further_plans=[neck])

    assert shown(booking, proposed) == [
        ("Mon 7 Jan 10:00", 2),
        ("Mon 18 Feb 10:00", 2),
        ("Mon 18 Mar 10:00", 1),
    ]
    begins = f"the target interval of the area “{neck.area}” begins on 16 Feb 2030"
    assert [p.shift for p in proposed] == ["", begins, ""]
    assert [p.plans[0] for p in proposed] == [booking.plan] * 3
    assert proposed[0].slot.ends_at - proposed[0].slot.starts_at == DAY / 16  # 60 + 30 minutes


def test_an_area_that_needs_more_sessions_goes_on_without_the_first(
    booking: Booking, neck: TreatmentPlan
) -> None:
    booking.plan.planned_sessions = 2
    booking.book()

    proposed = propose(booking, at=NINE, further_plans=[neck])

    assert shown(booking, proposed) == [("Mon 4 Feb 10:00", 2), ("Mon 18 Mar 10:00", 1)]
    assert proposed[1].plans == [neck]


def test_why_a_sitting_is_not_at_its_time_is_said_of_all_areas(
    booking: Booking, another_booking: Booking, neck: TreatmentPlan
) -> None:
    another_booking.practitioner = booking.practitioner
    another_booking.book(NINE + 42 * DAY + DAY / 24)  # when only the face would be done

    booking.book(further_plans=[neck])
    second = propose(booking, practitioner=booking.practitioner, further_plans=[neck])[0]

    assert second.slot.starts_at == NINE + 49 * DAY
    assert second.shift.endswith(f"; {booking.practitioner} is booked on 18 Feb 2030 at 10:00")


@pytest.mark.parametrize(("scope", "waits"), [("ZONE", True), ("GLOBAL", True), ("", False)])
def test_no_session_is_proposed_before_a_washout_has_ended(
    booking: Booking, neck: TreatmentPlan, scope: str, waits: bool
) -> None:
    """A peel of the neck, fourteen days ago and less; of the face it says nothing."""
    zone = ZoneFactory(area=neck.area)
    rule = ScreeningRuleFactory(
        asks_last_exposure=True, washout_days=21, severity="WARN", scope=scope or Scope.ZONE
    )
    ScreeningAnswerFactory(
        screening=ScreeningFactory(patient=booking.plan.patient, taken_at=NOW),
        rule=rule,
        answer=True,
        last_exposure_on=NOW.date() - 7 * DAY,
        zones=[zone.code],
    )

    first = propose(booking, further_plans=[neck] if scope else [])[0]

    clear = NOW.date() + 14 * DAY
    day = first.slot.starts_at.astimezone(booking.plan.clinic.zone).date()
    assert (day, first.shift) == (
        (clear, f"a washout ends on {clear:%-d %b %Y}") if waits else (NOW.date(), "")
    )


def test_what_is_proposed_is_booked_over_http(
    as_dana: APIClient, booking: Booking, neck: TreatmentPlan
) -> None:
    url = f"/api/v1/plans/{booking.plan.pk}/"
    query = {"further_plans": [neck.pk], "from": "2030-01-07"}

    proposal = as_dana.get(f"{url}proposal/", query).json()
    sent = ("starts_at", "ends_at", "practitioner", "room", "device", "plans")
    body = {
        "further_plans": [str(neck.pk)],
        "sessions": [{name: slot[name] for name in sent} for slot in proposal],
    }
    booked = as_dana.post(f"{url}book-series/", body).json()

    times = [(slot["starts_at"], slot["ends_at"]) for slot in proposal]
    assert [(row["starts_at"], row["ends_at"]) for row in booked] == times
    areas = [TreatmentSession.objects.of_sitting(row["id"]).count() for row in booked]
    assert areas == [len(slot["plans"]) for slot in proposal] == [2, 2, 1, 1]
    assert as_dana.get(f"{url}proposal/", query).json() == []


def test_without_a_word_each_session_treats_all_areas(
    as_dana: APIClient, booking: Booking, neck: TreatmentPlan
) -> None:
    def book(*days: int) -> Any:
        body = {
            "further_plans": [str(neck.pk)],
            "sessions": [slot(booking, day) for day in days],
        }
        return as_dana.post(f"/api/v1/plans/{booking.plan.pk}/book-series/", body)

    refused = book(0, 39).json()
    booked = book(0, 40)

    assert (refused["code"], refused["errors"][0]["pointer"]) == (
        "too_soon",
        "/sessions/1/starts_at",
    )
    assert str(neck.area) in refused["detail"]
    assert booked.status_code == 201
    assert TreatmentSession.objects.filter(plan=neck).count() == 2


def slot(booking: Booking, days: int, **changes: Any) -> dict[str, Any]:
    body = booking.body(NINE + days * DAY, **changes)
    del body["plan"]
    return body


def test_what_is_wrong_with_a_plan_is_said_of_that_plan(
    as_dana: APIClient, booking: Booking, neck: TreatmentPlan
) -> None:
    stranger = PlanFactory(patient__clinic=booking.plan.clinic)
    on_hold = PlanFactory(patient=booking.plan.patient, status=PlanStatus.ON_HOLD)
    url = f"/api/v1/plans/{booking.plan.pk}/"

    def asked(*further: TreatmentPlan, plans: tuple[TreatmentPlan, ...] = ()) -> list[str]:
        """Where the errors of the proposal and of the booking point."""
        ids = [str(plan.pk) for plan in further]
        named = {"plans": [str(plan.pk) for plan in plans]} if plans else {}
        body = {"further_plans": ids, "sessions": [slot(booking, 0, **named)]}
        answers = [as_dana.post(f"{url}book-series/", body)]
        if not plans:
            answers.append(as_dana.get(f"{url}proposal/", {"further_plans": ids}))
        return [answer.json()["errors"][0]["pointer"] for answer in answers]

    assert asked(neck, stranger) == ["/further_plans/1"] * 2
    assert asked(neck, on_hold) == ["/further_plans/1"] * 2
    assert asked(neck, booking.plan) == ["/further_plans/1"] * 2
    assert asked(neck, on_hold, plans=(booking.plan, on_hold)) == ["/further_plans/1"]
    assert asked(plans=(neck,)) == ["/sessions/0/plans"]
    assert asked(neck, plans=(neck, neck)) == ["/sessions/0/plans"]
    assert not TreatmentSession.objects.exists()
