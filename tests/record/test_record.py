"""The treatment record: findings, overrides, the signature, and what comes after it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions import services
from sessions.lifecycle import Status
from sessions.models import SessionFinding, TreatmentSession, ZoneTreatment, of_treatment
from sessions.safety.assessment import assess_session
from sessions.services.booking.checks.rules import (
    OpenSideEffects,
    OverrideNotAllowed,
    ScreeningBlocks,
)
from sessions.services.booking.moves import UnresolvedFindings
from tests.conftest import AS_IT_IS, Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ProductFactory,
    ProductUseFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    SideEffectFactory,
    ZoneFactory,
)
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db


def codes(session: TreatmentSession, at: Any = NINE) -> list[str]:
    session = TreatmentSession.objects.with_record().get(pk=session.pk)
    return [entry.finding.code for entry in assess_session(session, at=at) if entry.is_open]


def test_a_session_starts_only_when_the_patient_is_screened_and_has_agreed(
    booking: Booking,
) -> None:
    session = booking.book()
    booking.move(session, Status.CHECKED_IN)

    with pytest.raises(UnresolvedFindings) as refused:
        booking.move(session, Status.IN_PROGRESS)

    found = {finding["code"] for finding in refused.value.extra["findings"]}
    assert found == {"screening_missing", "consent_missing"}
    booking.ready()
    assert booking.move(session, Status.IN_PROGRESS).status == Status.IN_PROGRESS


def test_a_depth_beyond_the_protocol_needs_a_decision_with_a_reason(
    booking: Booking, as_alice: APIClient
) -> None:
    session = booking.in_progress()
    booking.chart(session, depth_mm="2.30")  # the protocol goes to 2.00, the dial is ±0.15
    url = f"/api/v1/sessions/{session.pk}"

    refused = as_alice.post(f"{url}/complete/").json()
    assert refused["code"] == "unresolved_findings"
    assert [f["code"] for f in refused["findings"]] == ["depth_above_range"]
    answer = as_alice.post(
        f"{url}/overrides/",
        {
            "code": "depth_above_range",
            "subject": booking.zone.code,
            "reason": "Deep rolling scar, thick skin",
        },
    )

    assert answer.status_code == 201
    entry = next(f for f in answer.json() if f["code"] == "depth_above_range")
    assert (entry["is_open"], entry["override_reason"]) == (False, "Deep rolling scar, thick skin")
    assert entry["numbers"]["high_mm"] == "2.00"
    assert as_alice.post(f"{url}/complete/").json()["status"] == "COMPLETED"


def test_an_override_holds_only_for_the_numbers_it_was_given_for(
    booking: Booking, alice: Any
) -> None:
    session = booking.in_progress()
    booking.chart(session, depth_mm="2.30")
    services.override_finding(
        session_id=session.pk,
        code="depth_above_range",
        subject=booking.zone.code,
        reason="Thick skin",
        at=NINE,
        by=alice,
    )
    assert codes(session) == []

    booking.chart(session, depth_mm="2.50")

    assert codes(session) == ["depth_above_range"]


def test_what_nobody_may_override_stays(booking: Booking, as_alice: APIClient) -> None:
    session = booking.book()
    url = f"/api/v1/sessions/{session.pk}/overrides/"

    consent = as_alice.post(url, {"code": "consent_missing", "reason": "She nodded"})
    unknown = as_alice.post(url, {"code": "bad_weather", "reason": "It rained"})
    empty = as_alice.post(url, {"code": "consent_missing", "reason": ""})

    assert (consent.status_code, consent.json()["code"]) == (403, "override_not_allowed")
    assert "nobody" in consent.json()["detail"]
    assert (unknown.status_code, unknown.json()["code"]) == (409, "no_such_finding")
    assert empty.json()["errors"][0]["pointer"] == "/reason"
    assert not SessionFinding.objects.exists()


def test_the_desk_neither_sees_findings_nor_overrides_them(
    booking: Booking, as_dana: APIClient
) -> None:
    url = f"/api/v1/sessions/{booking.book().pk}"

    assert as_dana.get(f"{url}/findings/").status_code == 403
    assert as_dana.post(f"{url}/overrides/", {}).status_code == 403
    assert as_dana.get(f"{url}/addenda/").status_code == 403


def test_a_washout_shows_the_day_it_ends(booking: Booking, as_alice: APIClient) -> None:
    rule = ScreeningRuleFactory(
        code="peel", asks_last_exposure=True, washout_days=21, message="The skin is thin."
    )
    screening = ScreeningFactory(patient=booking.plan.patient, taken_at=NINE - HOUR)
    screening.answers.create(rule=rule, answer=True, last_exposure_on=NINE.date() - 10 * DAY)
    session = booking.book()

    found = as_alice.get(f"/api/v1/sessions/{session.pk}/findings/").json()

    peel = next(f for f in found if f["code"] == "screening_peel")
    assert (peel["severity"], peel["clear_on"]) == ("WARN", "2030-01-18")
    assert peel["overridable_by"] == ["PRACTITIONER"]


def test_the_record_keeps_what_it_was_checked_against(booking: Booking) -> None:
    session = booking.completed()

    session.refresh_from_db()
    assert session.screening == booking.plan.patient.screenings.get()
    assert session.consent == booking.plan.patient.treatment_consents.get()
    assert session.protocol_version == booking.plan.protocol_version
    assert session.signed_by == booking.practitioner
    assert session.is_off_label is None
    stored = session.findings.get()
    assert (stored.code, stored.severity) == ("no_clearance_on_file", "INFO")
    booking.plan.patient.skin_type = 6
    booking.plan.patient.save()
    assert [
        entry.finding.code
        for entry in assess_session(
            TreatmentSession.objects.with_record().get(pk=session.pk), at=NINE
        )
    ] == ["no_clearance_on_file"]


def test_an_open_side_effect_stops_the_next_booking_until_a_practitioner_decides(
    booking: Booking, dana: Any
) -> None:
    session = booking.completed()
    SideEffectFactory(session=session, kind="SCARRING", grade=2)
    later = of_treatment(session.recovers_at)

    with pytest.raises(OpenSideEffects, match="Scarring"):
        booking.book(later)
    with pytest.raises(OverrideNotAllowed):
        booking.book(later, by=dana, side_effect_override_reason="She wants to")
    booked = booking.book(later, side_effect_override_reason="Faded, other cheek")

    stored = booked.findings.get()
    assert (stored.code, stored.subject) == ("open_side_effect", "SCARRING")
    assert stored.override_reason == "Faded, other cheek"


def test_who_is_ruled_out_is_not_booked_without_a_word(booking: Booking, dana: Any) -> None:
    """By what holds for the person: what comes and goes on the skin is asked again."""
    patient, later = booking.plan.patient, NINE + 90 * DAY
    pregnant = ScreeningRuleFactory(code="pregnancy", severity="BLOCK", overridable_by=[])
    sore = ScreeningRuleFactory(code="sore", severity="BLOCK", scope="ZONE", overridable_by=[])
    asked = ScreeningFactory(patient=patient, taken_at=NINE)
    asked.answers.create(rule=sore, answer=True)
    assert booking.book(NINE + 30 * DAY)
    asked = ScreeningFactory(patient=patient, taken_at=NINE + HOUR)
    asked.answers.create(rule=pregnant, answer=True)

    with pytest.raises(ScreeningBlocks, match="Only a practitioner may book"):
        booking.book(later, by=dana)
    with pytest.raises(OverrideNotAllowed):
        booking.book(later, by=dana, side_effect_override_reason="She wants to")
    booked = booking.book(later, side_effect_override_reason="After the birth, screened then")

    assert booked.findings.get().code == "screening_pregnancy"
    ScreeningFactory(patient=patient, taken_at=NINE + 2 * HOUR)  # a new one, without it
    assert booking.book(NINE + 150 * DAY, by=dana)


def test_a_mild_or_a_resolved_side_effect_is_in_nobodys_way(booking: Booking) -> None:
    session = booking.completed()
    SideEffectFactory(session=session, grade=1)
    SideEffectFactory(
        session=session, kind="SCARRING", grade=3, resolved_at=NINE + DAY, resolution="gone"
    )

    assert booking.book(of_treatment(session.recovers_at))


def test_findings_take_a_fixed_number_of_queries(
    booking: Booking, django_assert_num_queries: Any
) -> None:
    session = booking.charted()
    ProductUseFactory(session=session)
    for count in (0, 5):
        for _ in range(count):
            zone = ZoneFactory(area=session.area)
            ZoneTreatment.objects.create(session=session, zone=zone, depth_mm=1, passes=1)
            ProductUseFactory(session=session)
        loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
        with django_assert_num_queries(19):
            assess_session(loaded, at=NINE)


def test_the_chart_takes_a_fixed_number_of_queries(
    booking: Booking, as_alice: APIClient, django_assert_num_queries: Any
) -> None:
    session = booking.charted()
    ProductUseFactory(session=session)
    for count in (0, 5):
        for _ in range(count):
            zone = ZoneFactory(area=session.area)
            ZoneTreatment.objects.create(session=session, zone=zone, depth_mm=1, passes=1)
            ProductUseFactory(session=session)
        with django_assert_num_queries(
            6 + RECORDED
        ):  # may I, the session, zones, products, their drugs, cartridges
            as_alice.get(f"/api/v1/sessions/{session.pk}/chart/")


def test_the_whole_chart_over_http(booking: Booking, as_alice: APIClient) -> None:
    session = booking.in_progress()
    numbing = ProductFactory(kind="ANAESTHETIC", strength_percent=4, minutes_max=60)
    chart = {
        "zones": [
            {
                "zone": booking.zone.code,
                "side": side,
                "depth_mm": "1.25",
                "passes": 4,
                "directions": ["VERTICAL", "HORIZONTAL"],
                "endpoint": "ERYTHEMA",
            }
            for side in ("LEFT", "RIGHT")
        ],
        "products": [
            {
                "product": str(numbing.pk),
                "lot": "N7",
                "grams": "10.00",
                "area_cm2": 200,
                "on_at": "2030-01-07T08:00:00Z",
                "off_at": "2030-01-07T08:30:00Z",
            }
        ],
        "pain_score": 3,
        "notes": "Tolerated well.",
    }
    url = f"/api/v1/sessions/{session.pk}/chart/"

    written = as_alice.put(url, chart, headers=AS_IT_IS)
    assert written.status_code == 200, written.json()
    read = as_alice.get(url).json()

    assert [zone["side"] for zone in read["zones"]] == ["LEFT", "RIGHT"]
    assert read["zones"][0]["directions"] == ["HORIZONTAL", "VERTICAL"]
    assert read["products"][0]["lot"] == "N7"
    assert (read["pain_score"], read["notes"]) == (3, "Tolerated well.")
    for field, value, pointer in (
        ("pain_score", 11, "/pain_score"),
        ("products", [{**chart["products"][0], "grams": "-1"}], "/products/0/grams"),  # type: ignore[index]
        (
            "products",
            [{**chart["products"][0], "off_at": "2030-01-07T07:00:00Z"}],  # type: ignore[index]
            "/products/0/off_at",
        ),
        ("products", [{"product": "x", "lot": "N7"}], "/products/0/product"),
    ):
        bad = as_alice.put(url, {**chart, field: value}, headers=AS_IT_IS)
        assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, pointer)
    assert as_alice.get(url).json() == read
