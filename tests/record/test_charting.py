"""A chart while it is typed: what may be dialled, what is kept, and what the signature takes."""

from decimal import Decimal
from typing import Any

import pytest

from clinic.errors import Conflict
from clinic.models import User
from sessions import services
from sessions.lifecycle import Status
from sessions.models import ChartDraft, TreatmentSession, ZoneTreatment, of_treatment
from sessions.safety.assessment import assess_session
from sessions.safety.facts import ProductUse
from sessions.safety.loading.chart import Typed, zone_facts, zones_in_effect
from sessions.safety.loading.label import device_facts
from sessions.safety.loading.record import load_facts
from sessions.safety.ranges import ZoneRange, zone_ranges
from sessions.safety.treatment.doses import most_grams
from sessions.services.record.chart import NotInProgress
from sessions.services.record.charting import DraftLeft
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    AreaFactory,
    DeviceClearanceFactory,
    DeviceModelFactory,
    DeviceSpecFactory,
    PlanFactory,
    ProductUseFactory,
    ProtocolFactory,
    UserFactory,
    ZoneFactory,
    ZoneLimitFactory,
)

pytestmark = pytest.mark.django_db


def loaded(session: TreatmentSession) -> TreatmentSession:
    return TreatmentSession.objects.with_record().get(pk=session.pk)


def ranges(session: TreatmentSession) -> dict[str, ZoneRange]:
    row = loaded(session)
    known = load_facts(row, at=NINE)
    zones = zones_in_effect(of_treatment(row.protocol_version), NINE).filter(area=row.area)
    by_code = zone_facts(zones, of_treatment(row.protocol_version))
    return {one.zone.code: one for one in zone_ranges(zones, by_code, known)}


def typed(session: TreatmentSession, booking: Booking, depth_mm: str) -> list[str]:
    """What is found of a chart that nobody has written."""
    row = loaded(session)
    zone = ZoneTreatment(zone=booking.zone, depth_mm=Decimal(depth_mm), passes=6)
    known = load_facts(row, at=NINE, typed=Typed([zone], sharps_disposed=True))
    found = assess_session(row, at=NINE, known=known)
    return [one.finding.code for one in found if one.finding.subject == booking.zone.code]


def chart(booking: Booking, depth_mm: str = "1.50") -> services.Chart:
    zone: services.ZoneEntry = {"zone": booking.zone, "depth_mm": Decimal(depth_mm), "passes": 6}
    return services.Chart(zones=[zone], pain_score=2, sharps_disposed=True, notes="Calm.")


def test_what_a_zone_takes_is_what_the_rules_then_say_of_it(booking: Booking) -> None:
    booking.plan.patient.skin_type = 5
    booking.plan.patient.save()
    shallow, blocked = ZoneFactory(area=booking.zone.area), ZoneFactory(area=booking.zone.area)
    ZoneLimitFactory(zone=shallow, version=2, depth_max_mm="0.75", passes_max=3)
    ZoneLimitFactory(zone=blocked, version=2, is_blocked=True)
    session = booking.in_progress()

    found = ranges(session)

    high = found[booking.zone.code].allowed.high
    assert found[shallow.code].allowed.high == Decimal("0.75")
    assert (found[shallow.code].passes_max, found[blocked.code].is_blocked) == (3, True)
    assert high < Decimal("2.00")  # the protocol alone would allow it
    assert typed(session, booking, str(high)) == []
    assert "depth_above_range" in typed(session, booking, str(high + Decimal("0.25")))
    assert not session.zone_treatments.exists()


def test_of_what_has_versions_the_one_of_that_day_counts(booking: Booking) -> None:
    row, zone = loaded(booking.in_progress()), booking.zone
    none = DeviceModelFactory(code="pen-of-nobody", spec=False)
    model, where = of_treatment(row.device).model, row.clinic.jurisdiction
    for number, day, depth in ((2, -2, "1.25"), (3, -1, "1.00"), (4, 1, "2.00")):
        new = {"version": number, "effective_from": NINE + day * DAY, "depth_max_mm": depth}
        DeviceSpecFactory(model=model, **new)
        ZoneLimitFactory(zone=zone, **new)
        for name in ("K1", "K2"):
            DeviceClearanceFactory(model=model, reference=name, jurisdiction=where, **new)
    of_day = Decimal("1.00")

    device = device_facts(model, NINE, where)
    cleared = [(one.reference, one.depth_max_mm) for one in device.clearances]
    zones = zones_in_effect(of_treatment(row.protocol_version), NINE).filter(pk=zone.pk)

    assert device.depth_max_mm == of_day
    assert [one for one in cleared if one[0] in ("K1", "K2")] == [("K1", of_day), ("K2", of_day)]
    assert zone_facts(zones, of_treatment(row.protocol_version))[zone.code].limit.high == of_day
    assert device_facts(none, NINE, where).source.startswith("no specification")


def test_a_draft_belongs_to_who_has_typed_it_and_is_gone_once_it_is_written(
    booking: Booking,
) -> None:
    session, by = booking.in_progress(), booking.practitioner
    other: User = UserFactory(clinic=booking.plan.clinic)
    for who, content in ((by, {"a": "1."}), (other, {"a": "2"}), (by, {"a": "1.25"})):
        services.keep_draft(session_id=session.pk, content=content, at=NINE, by=who)
    assert ChartDraft.objects.get(session=session, by=by).content == {"a": "1.25"}

    services.write_typed(session_id=session.pk, chart=chart(booking), at=NINE, by=by)
    assert [draft.by for draft in ChartDraft.objects.all()] == [other]

    booking.chart(session)
    booking.move(session, Status.COMPLETED)
    assert not ChartDraft.objects.exists()
    with pytest.raises(NotInProgress):
        services.keep_draft(session_id=session.pk, content={}, at=NINE, by=by)


def test_an_aborted_session_leaves_no_draft(booking: Booking) -> None:
    session, by = booking.in_progress(), booking.practitioner
    services.keep_draft(session_id=session.pk, content={}, at=NINE, by=by)

    services.abort_session(session_id=session.pk, why="FAINTING", at=NINE, by=by)

    assert not ChartDraft.objects.exists()


def test_a_chart_is_written_and_signed_in_one_or_not_at_all(booking: Booking) -> None:
    session, by = booking.in_progress(), booking.practitioner
    cream = ProductUseFactory(session=session)
    sign: Any = {"session_id": session.pk, "chart": chart(booking), "at": NINE, "by": by}

    with pytest.raises(Conflict, match="Scan the cartridge"):
        services.sign_typed(**sign)
    assert not session.zone_treatments.exists()

    services.use_cartridge(session_id=session.pk, code=booking.cartridge(), at=NINE, by=by)
    assert services.sign_typed(**sign).status == Status.COMPLETED
    assert [str(row.depth_mm) for row in session.zone_treatments.all()] == ["1.50"]
    assert list(session.product_uses.all()) == [cream]  # the form of zones leaves it alone


def test_what_was_seen_is_asked_behind_the_lock(booking: Booking) -> None:
    session, by = booking.in_progress(), booking.practitioner

    def changed() -> None:
        raise Conflict("changed")

    with pytest.raises(Conflict, match="changed"):
        services.write_typed(
            session_id=session.pk, chart=chart(booking), at=NINE, by=by, seen=changed
        )
    assert not session.zone_treatments.exists()


@pytest.mark.parametrize(
    ("weight", "most"), [(None, "60"), ("100", "60"), ("20", "16.0"), ("20.07", "16.0")]
)
def test_the_most_of_a_cream_is_worked_out_for_the_patient(weight: str | None, most: str) -> None:
    use = ProductUse(
        name="Cream",
        kind="ANAESTHETIC",
        strength_percent=Decimal(5),
        grams_max=Decimal(60),
        mg_per_kg_max=Decimal(40),
    )

    assert most_grams(use, Decimal(weight) if weight else None) == Decimal(most)
    assert most_grams(ProductUse(name="Cream", kind="ANAESTHETIC"), Decimal(60)) is None


def test_a_sitting_is_not_signed_while_something_typed_for_another_area_waits(
    booking: Booking,
) -> None:
    area = AreaFactory(name="Neck")
    ZoneFactory(area=area)
    protocol = ProtocolFactory(concern=booking.plan.concern, area=area)
    neck = PlanFactory(patient=booking.plan.patient, protocol=protocol)
    session, by = booking.in_progress(further_plans=[neck]), booking.practitioner
    further = TreatmentSession.objects.get(sitting=session)
    services.keep_draft(session_id=further.pk, content={"a": "1"}, at=NINE, by=by)
    services.use_cartridge(session_id=session.pk, code=booking.cartridge(), at=NINE, by=by)

    with pytest.raises(DraftLeft, match="Neck"):
        services.sign_typed(session_id=session.pk, chart=chart(booking), at=NINE, by=by)
