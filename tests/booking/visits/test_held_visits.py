"""A time is held for a visit of any kind: only such a visit of that patient is booked there."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinic.models import Clinic, User
from patients.models import Patient
from sessions import services
from sessions.models import Hold, TreatmentPlan, TreatmentSession
from sessions.receivers import _shipped
from sessions.scheduling.availability import offers
from sessions.scheduling.holds import SlotHeld
from sessions.scheduling.wanted import VisitRequest, Wanted
from sessions.services.booking.checks.clash import PractitionerTaken
from sessions.services.booking.visits import WrongForVisit
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    DeviceFactory,
    PatientFactory,
    RoomFactory,
    UserFactory,
    visit_type_of,
)

pytestmark = pytest.mark.django_db
TALKS = [row["code"] for row in _shipped() if row["kind"] != "TREATMENT"]
NOW = NINE - 3 * DAY
MINUTE = timedelta(minutes=1)


def slot(who: User, clinic: Clinic, code: str) -> dict[str, Any]:
    kind = visit_type_of(clinic, code)
    return {
        "visit_type": kind,
        "starts_at": NINE,
        "practitioner": who,
        "room": RoomFactory(clinic=clinic) if kind.needs_room else None,
        "device": DeviceFactory(clinic=clinic) if kind.needs_device else None,
        "at": NOW,
        "by": who,
    }


def book(taken: dict[str, Any], patient: Patient, **changes: Any) -> TreatmentSession:
    link = "https://meet.example/1" if taken["visit_type"].mode == "VIDEO" else ""
    return services.book_visit(**{**taken, "patient": patient, "video_url": link, **changes})


@pytest.mark.parametrize("code", TALKS)
def test_each_kind_is_kept_for_one_patient_until_it_is_booked(alice: User, code: str) -> None:
    clinic = alice.clinics.get()
    one, other = (PatientFactory(clinic=clinic) for _ in range(2))
    taken = slot(alice, clinic, code)

    kept = services.hold_visit(patient=one, **taken)
    with pytest.raises(SlotHeld):
        book(taken, other)
    with pytest.raises(SlotHeld):
        services.hold_visit(patient=other, **taken)
    again = services.hold_visit(patient=one, **{**taken, "at": NOW + MINUTE})
    session = book(taken, one)

    kind = taken["visit_type"]
    assert (kept.kind, kept.plan, kept.ends_at - NINE) == (kind.kind, None, kind.duration)
    assert again.expires_at == NOW + 11 * MINUTE
    assert (session.patient, session.room) == (one, taken["room"])
    assert not Hold.objects.exists()


def test_a_visit_and_a_treatment_keep_each_other_out(booking: Booking) -> None:
    """Of one patient and one plan, too: what is held is one visit and no other."""
    plan, alice = booking.plan, booking.practitioner
    talk = {**slot(alice, plan.clinic, "check"), "patient": plan.patient, "plan": plan}

    services.hold_visit(**talk)
    with pytest.raises(SlotHeld):
        booking.book(at=NOW)
    with pytest.raises(SlotHeld):
        book({**talk, "visit_type": visit_type_of(plan.clinic, "outcome-90d")}, plan.patient)
    Hold.objects.all().delete()
    hold_treatment(booking)
    with pytest.raises(SlotHeld):
        services.hold_visit(**talk)
    with pytest.raises(SlotHeld):
        book(talk, plan.patient)


def hold_treatment(booking: Booking) -> Hold:
    return services.place_hold(
        plan_id=booking.plan.pk,
        starts_at=NINE,
        practitioner=booking.practitioner,
        room=booking.room,
        device=booking.device,
        at=NOW,
        by=booking.practitioner,
    )


def test_a_held_visit_is_offered_to_whom_it_is_held_for_alone(booking: Booking) -> None:
    plan, alice = booking.plan, booking.practitioner
    phone, check = (visit_type_of(plan.clinic, code) for code in ("check-by-phone", "check"))
    services.hold_visit(patient=plan.patient, **slot(alice, plan.clinic, "check-by-phone"))

    def is_free(wanted: Wanted, at: datetime = NOW) -> bool:
        found = offers(
            wanted=wanted, first=NINE.date(), last=NINE.date(), practitioner_id=alice.pk, at=at
        )
        assert found
        return NINE in {offer.starts_at for offer in found}

    def with_facts(plan: TreatmentPlan) -> TreatmentPlan:
        return TreatmentPlan.objects.with_booking_facts().get(pk=plan.pk)

    assert is_free(VisitRequest(phone, plan.patient))
    assert not is_free(VisitRequest(phone, PatientFactory(clinic=plan.clinic)))
    assert not is_free(VisitRequest(phone))  # a new caller
    assert not is_free(VisitRequest(check, plan.patient))
    assert not is_free(with_facts(plan))
    assert is_free(VisitRequest(phone), NOW + 10 * MINUTE)


def test_a_hold_on_another_time_ends_when_the_booking_names_it(alice: User) -> None:
    clinic = alice.clinics.get()
    one, other = (PatientFactory(clinic=clinic) for _ in range(2))
    taken = slot(alice, clinic, "consultation")
    kept = services.hold_visit(patient=one, **taken)

    book(taken, other, starts_at=NINE + HOUR, hold_id=kept.pk)  # not theirs
    assert Hold.objects.get() == kept
    book(taken, one, starts_at=NINE + 2 * HOUR, hold_id=kept.pk)
    assert not Hold.objects.exists()


def test_what_cannot_be_booked_cannot_be_held(alice: User) -> None:
    clinic = alice.clinics.get()
    taken = slot(alice, clinic, "consultation")
    book(taken, PatientFactory(clinic=clinic))
    patient = PatientFactory(clinic=clinic)

    with pytest.raises(PractitionerTaken):
        services.hold_visit(patient=patient, **{**taken, "room": RoomFactory(clinic=clinic)})
    with pytest.raises(WrongForVisit):
        services.hold_visit(patient=patient, **{**taken, "room": None})
    someone = UserFactory(clinic=clinic)
    assert services.hold_visit(
        patient=patient, **{**taken, "practitioner": someone, "starts_at": NINE + HOUR}
    )
    assert TreatmentSession.objects.count() == 1
