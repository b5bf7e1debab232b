"""Visits of every kind are waited for, offered and accepted as treatments are."""

from typing import Any

import pytest

from clinic.errors import DomainError
from clinic.models import Clinic, User
from patients.models import Patient, StaffTask
from sessions import services
from sessions.lifecycle import Status, WaitlistStatus
from sessions.models import FreedSlot, Hold, TreatmentSession, VisitType, WaitlistEntry
from sessions.receivers import _shipped
from sessions.scheduling.holds import SlotHeld
from tests.booking.waitlist.waitlist import NOW
from tests.conftest import Booking
from tests.factories import (
    HOUR,
    NINE,
    PatientFactory,
    PlanFactory,
    UserFactory,
    VisitFactory,
    visit_type_of,
)

pytestmark = pytest.mark.django_db
TALKS = [row["code"] for row in _shipped() if row["kind"] != "TREATMENT"]
LINK = "https://meet.example/own"


def wait(patient: Patient, code: str, **changes: Any) -> WaitlistEntry:
    kind = visit_type_of(patient.clinic, code)
    if code.startswith("video"):
        kind.video_url = LINK
        kind.save()
    wish = {
        "visit_type": kind,
        "patient": patient,
        "from_on": NINE.date(),
        "until_on": NINE.date(),
        "at": NOW,
        "by": patient.clinic.staff.first() or UserFactory(clinic=patient.clinic),
    }
    return services.join_waitlist(**{**wish, **changes})


def free(visit: TreatmentSession) -> None:
    services.move_session(session_id=visit.pk, to=Status.CANCELLED, at=NOW, by=visit.practitioner)
    services.offer_freed_slots(at=NOW)


def accept(entry: WaitlistEntry) -> TreatmentSession:
    return services.accept_offer(entry_id=entry.pk, at=NOW + HOUR, by=entry.created_by)


def is_offered(entry: WaitlistEntry) -> bool:
    entry.refresh_from_db()
    return entry.status == WaitlistStatus.OFFERED


@pytest.mark.parametrize("code", TALKS)
def test_a_freed_visit_of_each_kind_goes_to_who_waits_for_one(clinic: Clinic, code: str) -> None:
    patient = PatientFactory(clinic=clinic)
    entry = wait(patient, code)
    left = VisitFactory(code=code, patient__clinic=clinic)

    free(left)
    offered, held = is_offered(entry), Hold.objects.get()
    told = StaffTask.objects.open().get(source=f"waitlist:{entry.pk}")
    with pytest.raises(SlotHeld):
        services.book_visit(
            visit_type=left.visit_type,
            patient=PatientFactory(clinic=clinic),
            starts_at=NINE,
            practitioner=left.practitioner,
            room=left.room,
            device=left.device,
            video_url=left.video_url,
            at=NOW,
            by=left.practitioner,
        )
    session = accept(entry)

    entry.refresh_from_db()
    assert offered
    assert told.patient == patient
    assert (held.room, held.device, held.ends_at) == (left.room, left.device, left.ends_at)
    assert (entry.status, entry.session) == (WaitlistStatus.BOOKED, session)
    assert (session.visit_type, session.patient) == (left.visit_type, patient)
    assert session.video_url == (LINK if session.mode == "VIDEO" else "")
    assert not Hold.objects.exists()


@pytest.mark.parametrize("code", TALKS)
def test_the_time_of_a_treatment_is_long_enough_for_each_kind(booking: Booking, code: str) -> None:
    """What the visit needs of it is taken, and all of it goes on if it is declined."""
    entry = wait(PatientFactory(clinic=booking.plan.clinic), code)
    later = services.join_waitlist(
        plan=PlanFactory(patient__clinic=booking.plan.clinic),
        from_on=NINE.date(),
        until_on=NINE.date(),
        at=NOW,
        by=booking.practitioner,
    )

    free(booking.book(at=NOW))
    held = Hold.objects.get()
    services.decline_offer(entry_id=entry.pk, at=NOW, by=booking.practitioner)
    services.offer_freed_slots(at=NOW)

    assert held.offered_to == entry
    assert (held.room_id is not None) is entry.visit_type.needs_room
    assert (held.device_id is not None) is entry.visit_type.needs_device
    assert is_offered(later)
    assert (later.offered_room, later.offered_device) == (booking.room, booking.device)


def test_a_freed_visit_goes_to_whose_visit_it_has_enough_for(clinic: Clinic) -> None:
    """Of a call nobody gets a room, and of a consultation nobody a device."""
    plan = PlanFactory(patient__clinic=clinic)
    of_treatment = wait(plan.patient, "treatment", plan=plan)
    in_room = wait(PatientFactory(clinic=clinic), "check")
    by_phone = wait(PatientFactory(clinic=clinic), "check-by-phone")

    free(VisitFactory(code="check-by-phone", patient__clinic=clinic))
    assert (is_offered(in_room), is_offered(by_phone)) == (False, True)
    free(VisitFactory(code="consultation", patient__clinic=clinic))
    assert (is_offered(of_treatment), is_offered(in_room)) == (False, True)


def test_nothing_is_queued_that_nobody_has_enough_of(clinic: Clinic) -> None:
    wait(PatientFactory(clinic=clinic), "test-spot")

    free(VisitFactory(code="check-by-phone", patient__clinic=clinic))

    assert not FreedSlot.objects.exists()


def test_who_does_no_such_visits_frees_nothing_for_them(clinic: Clinic) -> None:
    entry = wait(PatientFactory(clinic=clinic), "check-by-phone")
    phone = visit_type_of(clinic, "check-by-phone")
    VisitType.objects.filter(pk=phone.pk).update(roles=["RECEPTIONIST"])

    free(VisitFactory(code="consultation", patient__clinic=clinic))

    assert not is_offered(entry)


def test_an_outcome_visit_is_about_the_plan_that_was_waited_for(booking: Booking) -> None:
    plan = booking.plan
    entry = wait(plan.patient, "outcome-90d", plan=plan)

    free(VisitFactory(code="outcome-90d", patient__clinic=plan.clinic))

    assert is_offered(entry)
    assert accept(entry).plan == plan


def test_a_plan_and_a_visit_about_it_are_waited_for_side_by_side(booking: Booking) -> None:
    plan = booking.plan
    wait(plan.patient, "outcome-90d", plan=plan)

    wait(plan.patient, "treatment", plan=plan)

    assert WaitlistEntry.objects.filter(plan=plan).count() == 2


def test_the_offered_time_that_is_booked_directly_is_accepted(clinic: Clinic) -> None:
    entry = wait(PatientFactory(clinic=clinic), "check")
    left = VisitFactory(code="check", patient__clinic=clinic)
    free(left)

    session = services.book_visit(
        visit_type=left.visit_type,
        patient=entry.patient,
        starts_at=NINE,
        practitioner=left.practitioner,
        room=left.room,
        at=NOW,
        by=left.practitioner,
    )

    entry.refresh_from_db()
    assert (entry.status, entry.session) == (WaitlistStatus.BOOKED, session)


@pytest.mark.parametrize(
    ("code", "changes", "named"),
    [
        ("check", {"patient": None}, ("wrong_for_visit", "patient")),
        ("treatment", {}, ("wrong_for_visit", "plan")),
        ("treatment", {"visit_type": None}, ("wrong_for_visit", "plan")),
        ("consultation", {"plan": PlanFactory}, ("wrong_for_visit", "plan")),
        ("check", {"plan": PlanFactory}, ("not_bookable", "plan")),
        ("treatment", {"plan": PlanFactory}, ("not_bookable", "plan")),
        ("check", {"further_plans": [None]}, ("wrong_for_visit", "further_plans")),
        ("check", {"patient": PatientFactory}, ("not_bookable", "visit_type")),
        ("check", {"practitioner": UserFactory}, ("not_their_visit", "practitioner")),
    ],
)
def test_a_wish_that_does_not_fit_is_named(
    clinic: Clinic, alice: User, code: str, changes: dict[str, Any], named: tuple[str, str]
) -> None:
    made = {name: value() if callable(value) else value for name, value in changes.items()}

    with pytest.raises(DomainError) as refusal:
        services.join_waitlist(
            **{
                "visit_type": visit_type_of(clinic, code),
                "patient": PatientFactory(clinic=clinic),
                "from_on": NINE.date(),
                "until_on": NINE.date(),
                "at": NOW,
                "by": alice,
                **made,
            }
        )

    assert (refusal.value.code, refusal.value.field) == named


def test_each_waits_once_for_a_kind_that_is_offered(clinic: Clinic, alice: User) -> None:
    patient = PatientFactory(clinic=clinic)
    wait(patient, "check")

    with pytest.raises(DomainError, match="waits for such a visit already") as again:
        wait(patient, "check")
    VisitType.objects.filter(clinic=clinic, code="consultation").update(is_active=False)
    with pytest.raises(DomainError, match="no longer offered"):
        wait(patient, "consultation")
    video = visit_type_of(clinic, "video-consultation")
    with pytest.raises(DomainError, match="has no link of its own"):
        wait(patient, "check", visit_type=video)

    assert (again.value.code, again.value.field) == ("already_waiting", "visit_type")
    assert wait(patient, "check-by-phone", practitioner=alice)
