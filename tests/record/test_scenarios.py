"""What happened, step by step, that no case on paper can tell: the stories of `clinical_cases.yaml`
that no other test tells."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinic.models import Clinic, User
from patients.models import StaffTask
from patients.services import revoke_consent
from sessions import services
from sessions.lifecycle import AbortReason, Status
from sessions.models import TreatmentSession
from sessions.safety.assessment import AssessedFinding, assess_session
from tests.conftest import Booking
from tests.factories import (
    HOUR,
    NINE,
    CandidacyFactory,
    ConcernSubtypeFactory,
    DeviceClearanceFactory,
    PatientConcernFactory,
    PlanFactory,
    ProductFactory,
    ProductUseFactory,
    ProtocolFactory,
    ScreeningAnswerFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db


def assessed(session: TreatmentSession) -> dict[str, AssessedFinding]:
    loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
    return {entry.finding.code: entry for entry in assess_session(loaded, at=session.starts_at)}


def test_what_the_consent_leaves_out_is_said_at_the_start(booking: Booking) -> None:
    """Before needling as something to know; once it is charted it holds up the signature."""
    session = booking.book()
    booking.ready()
    nose = ZoneFactory(area=booking.plan.area, name="Nose")
    booking.move(session, Status.CHECKED_IN)

    before = assessed(session)["consent_leaves_out"].finding
    booking.move(session, Status.IN_PROGRESS)
    session.zone_treatments.create(zone=nose, depth_mm="0.50", passes=4)
    after = assessed(session)

    assert "Nose" in before.message
    assert "Nose" in after["consent_zone_missing"].finding.message
    assert "consent_leaves_out" not in after


def test_who_withdraws_during_the_session_ends_it(booking: Booking, alice: User) -> None:
    session = booking.charted()
    consent = session.patient.treatment_consents.get()
    revoke_consent(consent=consent, reason="Wants to stop", at=NINE, by=alice)

    services.abort_session(
        session_id=session.pk, why=AbortReason.CONSENT_WITHDRAWN, at=NINE, by=alice
    )

    session.refresh_from_db()
    assert (session.status, session.signed_by) == (Status.ABORTED, alice)
    assert session.zone_treatments.count() == 1
    assert StaffTask.objects.filter(kind="INCIDENT", patient=session.patient).exists()


@pytest.mark.parametrize(
    ("later", "is_summed"), [(13 * HOUR, True), (14 * HOUR, False), (-10 * HOUR, True)]
)
def test_face_and_neck_numbed_on_one_day_are_summed(
    booking: Booking, another_booking: Booking, later: timedelta, is_summed: bool
) -> None:
    """A day of the clinic's calendar, where it is ten and not nine; of one patient only."""
    cream = ProductFactory(kind="ANAESTHETIC", strength_percent=4, grams_max=60)
    neck = PlanFactory(patient=booking.plan.patient, protocol=ProtocolFactory())
    face, stranger = booking.in_progress(), another_booking.book()
    second = replace(another_booking, plan=neck).book(NINE + later)
    for session in (face, second, stranger):
        ProductUseFactory(session=session, product=cream, grams=55, area_cm2=380)

    told = [assessed(session)["anaesthetic_dose_of_day"].finding for session in (face, second)]

    total = "184" if is_summed else "92"
    assert [found.numbers["percent_of_limit"] for found in told] == [total, total]


def test_cold_sores_warn_before_the_chart_and_after_it(booking: Booking) -> None:
    lip = ZoneFactory(area=booking.plan.area, near_mouth=True)
    session = booking.book()
    booking.ready()
    ScreeningAnswerFactory(
        screening=session.patient.screenings.get(),
        rule__code="hsv-history",
        rule__condition="NEAR_MOUTH",
    )

    warned = [assessed(session)["screening_hsv_history"].finding]
    for zone in (booking.zone, lip):
        session.zone_treatments.create(zone=zone, depth_mm="1.00", passes=4)
        warned.append(assessed(session)["screening_hsv_history"].finding)

    assert warned == [warned[0]] * 3
    assert warned[0].severity == "WARN"


def test_a_clearance_is_for_one_form_of_a_scar(booking: Booking) -> None:
    """K200044 is for hypertrophic scars: a plain one is off-label, and so is one of which nobody
    has said what it is. What the plan names counts before what else the patient has."""
    concern, zone = booking.plan.concern, booking.zone
    plain, hypertrophic = (
        ConcernSubtypeFactory(concern=concern, code=code, name=code) for code in ("plain", "raised")
    )
    DeviceClearanceFactory(
        model=booking.device.model,
        concerns=[concern.code],
        subtypes=["raised"],
        zones=[zone.code],
    )
    session = booking.book()
    told = [assessed(session)["off_label"].finding.message]
    for form in (plain, hypertrophic):
        PatientConcernFactory(patient=session.patient, concern=concern, subtype=form, zone=zone)
        told.append(assessed(session)["off_label"].finding.message)
    booking.plan.patient_concerns.set(session.patient.concerns.filter(subtype=hypertrophic))

    assert ["not recorded" in told[0], "form of the concern (plain)" in told[1]] == [True, True]
    assert told[2] == told[1]
    assert assessed(session)["on_label"]


def test_off_label_is_said_where_a_label_of_the_place_is_known(booking: Booking) -> None:
    """A clearance of the US says nothing about a clinic of the EU."""
    DeviceClearanceFactory(model=booking.device.model, concerns=["wrinkles"], jurisdiction="US")
    session = booking.in_progress()
    here = assessed(session)["off_label"].finding
    Clinic.objects.update(jurisdiction="EU")
    booking.chart(session)

    elsewhere = assessed(session)["no_clearance_on_file"].finding

    assert "United States, from age 22" in here.message
    assert "European Union" in elsewhere.message
    booking.move(session, Status.COMPLETED)
    session.refresh_from_db()
    assert session.is_off_label is None


def test_what_responds_poorly_asks_for_what_else_was_discussed(booking: Booking) -> None:
    """Until a decision on this concern tells of an alternative."""
    concern = booking.plan.concern
    session = booking.book()
    assert "alternatives_not_discussed" not in assessed(session)
    pick = ConcernSubtypeFactory(concern=concern, name="Ice-pick", responds_poorly=True)
    PatientConcernFactory(patient=session.patient, concern=concern, subtype=pick)

    asked = assessed(session)["alternatives_not_discussed"].finding
    CandidacyFactory(patient=session.patient, concerns=["other"], alternatives="Peels")
    still = "alternatives_not_discussed" in assessed(session)
    CandidacyFactory(patient=session.patient, concerns=[concern.code], alternatives="TCA CROSS")

    assert "Ice-pick" in asked.message
    assert still
    assert "alternatives_not_discussed" not in assessed(session)
